// libc++ (LLVM): all of it, as laid out by ABI version 1.
#include <algorithm>
#include <array>

#include "analyzer/image/debug_types.h"
#include "analyzer/layouts/alignment.h"
#include "analyzer/layouts/layouts.h"
#include "analyzer/layouts/plans.h"

namespace reftally {

namespace {

const Type* argument(const Type& type, size_t i) {
  return i < type.template_arguments.size() ? type.template_arguments[i] : nullptr;
}

// What a compressed pair or a tuple is made of; empty parts are bases without a member.
void collect_values(const Type& type, uint64_t offset, std::vector<TypeMember>& values) {
  for (const TypeMember& member : type.members) {
    if (!member.type) continue;
    if (member.name == "__value_") {
      values.push_back(member);
      values.back().name = element_step(type);
      values.back().offset = offset + member.offset;
    } else if (member.is_base || member.name == "__base_") {
      collect_values(*member.type, offset + member.offset, values);
    }
  }
}

bool plan_unique_ptr(const Type& type, Plan& plan) {
  plan_sole_owner(plan, 0, argument(type, 0));
  const auto pair = find_member(type, {"__ptr_"});
  if (type.size == 8 || !pair || !pair->type) return type.size == 8;
  std::vector<TypeMember> parts;  // pointer and deleter
  collect_values(*pair->type, pair->offset, parts);
  for (size_t i = 1; i < parts.size(); ++i) plan.members.push_back(parts[i]);
  return true;
}

bool plan_vector(const Type& type, Plan& plan) {
  const auto begin = find_member(type, {"__begin_"});
  if (!begin || !argument(type, 0)) return false;  // vector<bool> has none
  plan_three_pointers(plan, begin->offset, argument(type, 0));
  return true;
}

// The lowest bit says that { capacity, size, pointer } is in use.
bool plan_string(const Type& type, Plan& plan) {
  if (type.size != 24) return true;
  plan.walk = [](Walker& walker, const Plan&, const Value& value) {
    const uint64_t first = walker.word(value.address).value_or(0), text = walker.word(value.address + 16).value_or(0);
    if (first & 1 && text && walker.visitor().take(value.address + 16)) walker.visitor().storage(text);
  };
  return true;
}

bool plan_optional(const Type& type, Plan& plan) {
  const auto value = find_member(type, {"__val_"}), engaged = find_member(type, {"__engaged_"});
  if (!value || !engaged) return false;
  plan_engaged(plan, value->offset, engaged->offset, argument(type, 0));
  return argument(type, 0) != nullptr;
}

bool plan_variant(const Type& type, Plan& plan) {
  const auto index = find_member(type, {"__impl_", "__index"}), data = find_member(type, {"__impl_", "__data"});
  if (!index || !data || !index->type || index->type->size > 4) return false;
  plan_indexed(plan, data->offset, index->offset, index->type->size, type.template_arguments);
  return true;
}

bool plan_tuple(const Type& type, Plan& plan) {
  std::vector<TypeMember> heads;
  collect_values(type, 0, heads);
  plan_tuple_heads(plan, std::move(heads));
  return true;
}

// ---- list: { previous, next, element }; forward_list: { next, element }

// offsets: head, of the next in the links, size of the links
void walk_list(Walker& walker, const Plan& plan, const Value& value) {
  const uint64_t head = value.address + plan.offsets[0], next_at = plan.offsets[1], links = plan.offsets[2];
  const std::optional<uint64_t> first = walker.word(head + next_at);
  if (!first) return walker.give_up(value);
  if (!walker.visitor().take(head + next_at)) return;
  if (next_at) walker.visitor().take(head);
  uint32_t i = 0;
  for (uint64_t node = *first; node != head && node != 0; ++i) {
    const std::optional<uint64_t> next = walker.word(node + next_at);
    if (!next || !walker.visitor().take(node + next_at)) return;
    if (next_at) walker.visitor().take(node);
    walker.visitor().storage(node);
    push_entry(walker, plan, value, node + links, i);
    node = *next;
  }
}

bool plan_nodes(const Type& type, Plan& plan, const char* head, uint64_t next_at, uint64_t links) {
  const auto place = find_member(type, {head});
  if (!place || !plan_entries(type, plan, false)) return false;
  plan.offsets[0] = place->offset;
  plan.offsets[1] = next_at;
  plan.offsets[2] = offset_in_node(plan, links);
  plan.walk = walk_list;
  return true;
}

bool plan_list(const Type& type, Plan& plan) { return plan_nodes(type, plan, "__end_", 8, 16); }
bool plan_forward_list(const Type& type, Plan& plan) { return plan_nodes(type, plan, "__before_begin_", 0, 8); }

// ---- set, map: nodes { left, right, parent, colour, element }; the tree { least node, root, size }

void walk_tree(Walker& walker, const Plan& plan, const Value& value) {
  constexpr uint64_t kLeft = 0, kRight = 8, kParent = 16;
  const uint64_t least_at = value.address + plan.offsets[0], root_at = least_at + 8;
  const std::optional<uint64_t> root = walker.word(root_at);
  if (!root) return walker.give_up(value);
  walker.visitor().take(least_at);  // of an empty tree: the tree itself
  if (*root == 0 || !walker.visitor().take(root_at)) return;
  walk_tree_nodes(walker, *root, {kLeft, kRight, kParent},
                  [&](uint64_t node) { push_entry(walker, plan, value, node + plan.offsets[2]); });
}

bool plan_tree(const Type& type, Plan& plan, bool is_map) {
  const auto least = find_member(type, {"__tree_", "__begin_node_"});
  if (!least || !plan_entries(type, plan, is_map)) return false;
  plan.offsets[0] = least->offset;
  plan.offsets[2] = offset_in_node(plan, 32);
  plan.walk = walk_tree;
  return true;
}

bool plan_set(const Type& type, Plan& plan) { return plan_tree(type, plan, false); }
bool plan_map(const Type& type, Plan& plan) { return plan_tree(type, plan, true); }

// ---- unordered: { buckets, bucket count, first node, size, load }; nodes { next, hash, element }

void walk_hash(Walker& walker, const Plan& plan, const Value& value) {
  constexpr uint64_t kFirst = 16;
  const uint64_t table = value.address + plan.offsets[0];
  const auto buckets = walker.word(table), first = walker.word(table + kFirst);
  if (!buckets || !first) return walker.give_up(value);
  if (*buckets && walker.visitor().take(table)) walker.visitor().storage(*buckets);
  if (!walker.visitor().take(table + kFirst)) return;
  for (uint64_t node = *first; node != 0;) {
    const std::optional<uint64_t> next = walker.word(node);
    if (!next || !walker.visitor().take(node)) return;
    walker.visitor().storage(node);
    push_entry(walker, plan, value, node + plan.offsets[2]);
    node = *next;
  }
}

bool plan_hash(const Type& type, Plan& plan, bool is_map) {
  const auto table = find_member(type, {"__table_"});
  if (!table || !plan_entries(type, plan, is_map)) return false;
  plan.offsets[0] = table->offset;
  plan.offsets[2] = offset_in_node(plan, 16);
  plan.walk = walk_hash;
  return true;
}

bool plan_unordered_set(const Type& type, Plan& plan) { return plan_hash(type, plan, false); }
bool plan_unordered_map(const Type& type, Plan& plan) { return plan_hash(type, plan, true); }

// ---- deque: { first, begin, end, end of storage } of the blocks, then the first element's position and the size

void walk_deque(Walker& walker, const Plan& plan, const Value& value) {
  constexpr uint64_t kBlockBytes = 4096, kFewest = 16;
  const uint64_t at = value.address + plan.offsets[0];
  uint64_t words[6];
  for (int i = 0; i < 6; ++i) {
    const std::optional<uint64_t> word = walker.word(at + 8 * i);
    if (!word) return walker.give_up(value);
    words[i] = *word;
  }
  const auto [first, begin, end, limit, start, size] = words;
  if (first == 0) return;
  const uint64_t element = plan.element->size, in_block = element < 256 ? kBlockBytes / element : kFewest;
  const uint64_t blocks = (end - begin) / 8;
  const bool sound = first <= begin && begin <= end && end <= limit && (end - begin) % 8 == 0 &&
                     walker.in_one_piece(first, limit) && start <= blocks * in_block &&
                     size <= blocks * in_block - start;
  if (!sound) return walker.give_up(value);
  for (int i = 0; i < 4; ++i) {
    if (!walker.visitor().take(at + 8 * i)) return;
  }
  walker.visitor().storage(first);
  for (uint64_t block = 0; block < blocks; ++block) {
    const std::optional<uint64_t> storage = walker.word(begin + 8 * block);
    if (!storage || !walker.visitor().take(begin + 8 * block)) return;
    walker.visitor().storage(*storage);
    const uint64_t from = std::max(start, block * in_block), to = std::min(start + size, (block + 1) * in_block);
    for (uint64_t i = from; i < to; ++i) {
      push_entry(walker, plan, value, *storage + (i - block * in_block) * element, static_cast<uint32_t>(i - start));
    }
  }
}

bool plan_deque(const Type& type, Plan& plan) {
  const auto map = find_member(type, {"__map_"});
  if (!map || !plan_entries(type, plan, false)) return false;
  plan.offsets[0] = map->offset;
  plan.walk = walk_deque;
  return true;
}

// ---- function: { buffer, pointer to a callable with a vtable }, which stands in the buffer or in a block of its own

const Type* callable_at(Walker& walker, uint64_t vtable) {
  auto [found, added] = walker.managed_types().emplace(vtable, ManagedType{});
  if (!added) return found->second.type;
  const Type* holder = walker.types().find_mangled(walker.image().vtable_type(vtable));
  const Type* functor = holder ? argument(*holder, 0) : nullptr;
  // A closure's name in type_info is not the one in debug information: a function of the vtable names it.
  for (uint64_t slot = 0; !functor && slot < 5; ++slot) {
    functor = walker.types().closure_of_function(walker.word(vtable + 8 * slot).value_or(0));
  }
  return found->second.type = functor;
}

void walk_function(Walker& walker, const Plan& plan, const Value& value) {
  const uint64_t at = value.address + plan.offsets[0];
  const std::optional<uint64_t> callable = walker.word(at);
  if (!callable) return walker.give_up(value);
  if (*callable == 0) return;
  const bool is_inside = *callable - value.address < value.type->size;
  const Type* functor = callable_at(walker, walker.word(*callable).value_or(0));
  const uint64_t functor_at = functor ? round_up(8, alignment_of(*functor)) : 0;  // behind the vtable's pointer
  if (!functor || functor->size == 0 || !walker.in_one_piece(*callable, *callable + functor_at + functor->size)) {
    return walker.give_up(value);
  }
  if (!walker.visitor().take(at)) return;
  if (!is_inside) walker.visitor().storage(*callable);
  walker.push(functor, *callable + functor_at, path_into(walker, *functor, value.path));
}

bool plan_function(const Type& type, Plan& plan) {
  const auto callable = find_member(type, {"__f_", "__f_"});
  if (!callable) return false;
  plan.offsets[0] = callable->offset;
  plan.walk = walk_function;
  return true;
}

bool plan_task_function(const Type& type, Plan& plan) {  // of packaged_task
  const auto callable = find_member(type, {"__f_"});
  if (!callable) return false;
  plan.offsets[0] = callable->offset;
  plan.walk = walk_function;
  return true;
}

// ---- any: { handler, which says the type; storage, or a pointer to it }

const ManagedType& content_of(Walker& walker, uint64_t handler) {
  auto [found, added] = walker.managed_types().emplace(handler, ManagedType{});
  if (!added) return found->second;
  const Type* const known = walker.types().class_of_function(handler);
  const bool is_small = known && known->template_name() == "_SmallHandler";
  if (is_small || (known && known->template_name() == "_LargeHandler")) found->second = {argument(*known, 0), is_small};
  return found->second;
}

void walk_any(Walker& walker, const Plan& plan, const Value& value) {
  const uint64_t handler = walker.word(value.address + plan.offsets[0]).value_or(0);
  if (handler == 0) return;
  const ManagedType content = content_of(walker, handler);
  const uint64_t storage = value.address + plan.offsets[1];
  if (!content.type || content.type->size == 0) return walker.give_up(value);
  if (content.is_internal) return walker.push(content.type, storage, value.path);
  const uint64_t target = walker.word(storage).value_or(0);
  if (!walker.in_one_piece(target, target + content.type->size)) return walker.give_up(value);
  if (!walker.visitor().take(storage)) return;
  walker.visitor().storage(target);
  walker.push(content.type, target, value.path);
}

bool plan_any(const Type& type, Plan& plan) {
  const auto handler = find_member(type, {"__h_"}), storage = find_member(type, {"__s_"});
  if (!handler || !storage) return false;
  plan.offsets[0] = handler->offset;
  plan.offsets[1] = storage->offset;
  plan.walk = walk_any;
  return true;
}

constexpr std::array kLayouts = {
    Layout{"std::__1", "shared_ptr", plan_shared_ptr},
    Layout{"std::__1", "weak_ptr", plan_weak_ptr},
    Layout{"std::__1", "enable_shared_from_this", plan_shared_from_this},
    Layout{"std::__1", "unique_ptr", plan_unique_ptr},
    Layout{"std::__1", "vector", plan_vector},
    Layout{"std::__1", "basic_string", plan_string},
    Layout{"std::__1", "optional", plan_optional},
    Layout{"std::__1", "variant", plan_variant},
    Layout{"std::__1", "pair", plan_pair_members},
    Layout{"std::__1", "tuple", plan_tuple},
    Layout{"std::__1", "list", plan_list},
    Layout{"std::__1", "forward_list", plan_forward_list},
    Layout{"std::__1", "set", plan_set},
    Layout{"std::__1", "multiset", plan_set},
    Layout{"std::__1", "map", plan_map},
    Layout{"std::__1", "multimap", plan_map},
    Layout{"std::__1", "unordered_set", plan_unordered_set},
    Layout{"std::__1", "unordered_multiset", plan_unordered_set},
    Layout{"std::__1", "unordered_map", plan_unordered_map},
    Layout{"std::__1", "unordered_multimap", plan_unordered_map},
    Layout{"std::__1", "deque", plan_deque},
    Layout{"std::__1", "any", plan_any},
    Layout{"std::__1", "function", plan_function},
    Layout{"std::__1", "__packaged_task_function", plan_task_function},
};

}  // namespace

std::span<const Layout> libcxx_layouts() { return kLayouts; }

}  // namespace reftally
