// libstdc++: smart pointers, contiguous containers and wrappers that hold their value inside.
#include <algorithm>
#include <array>

#include "analyzer/layouts/layouts.h"
#include "analyzer/layouts/plans.h"

namespace reftally {

namespace {

// ---- shared_ptr, weak_ptr: { stored pointer, control block }

void walk_counted(Walker& walker, const Plan& plan, const Value& value) {
  const uint64_t at = value.address + plan.offsets[0];
  const std::optional<uint64_t> word = walker.word(at);
  if (!word) return walker.give_up(value);
  const uint64_t counter = *word & ~plan.offsets[1];
  if (counter == 0) return;
  // Not one of the counters found: a class of the program's own, or a control block outside the heap.
  if (!walker.visitor().is_counter(counter)) return walker.give_up(value);
  if (!walker.visitor().take(at)) return;
  walker.visitor().take(value.address);  // may point elsewhere (aliasing), and owns nothing there
  walker.visitor().counted({value.type, at, value.path, value.index}, counter, plan.flag);
}

}  // namespace

bool plan_counted_pair(const Type& type, Plan& plan, bool strong, uint64_t lock_bits) {
  plan.walk = walk_counted;
  plan.is_leaf = true;
  plan.offsets[0] = 8;
  plan.offsets[1] = lock_bits;
  plan.flag = strong;
  return type.size == 16;
}

bool plan_shared_ptr(const Type& type, Plan& plan) { return plan_counted_pair(type, plan, true); }
bool plan_weak_ptr(const Type& type, Plan& plan) { return plan_counted_pair(type, plan, false); }

namespace {

// The base, so that the reference reads as a call of weak_from_this.
void walk_shared_from_this(Walker& walker, const Plan& plan, const Value& value) {
  walk_counted(walker, plan, {value.type, value.address, walker.paths().step(value.path, "weak_from_this()")});
}

}  // namespace

bool plan_shared_from_this(const Type& type, Plan& plan) {
  const bool planned = plan_counted_pair(type, plan, false);
  plan.walk = walk_shared_from_this;
  return planned;
}

namespace {

bool plan_atomic(const Type& type, Plan& plan) {
  if (type.template_arguments.empty()) return true;
  const Type& value = *type.template_arguments[0];
  const std::string_view name = value.template_name();
  const bool counted = value.scope == "std" && (name == "shared_ptr" || name == "weak_ptr");
  if (counted) return plan_counted_pair(type, plan, name == "shared_ptr", 1);
  if (value.kind == Type::Kind::kPointer) {  // std::atomic<T*>
    plan.walk = [](Walker& walker, const Plan& of, const Value& at) {
      walker.push(of.element, at.address, at.path, at.index);
    };
    plan.element = &value;
  } else if (type.size >= 8) {
    plan.walk = [](Walker& walker, const Plan&, const Value& at) { walker.give_up(at); };
  }
  return true;
}

// ---- unique_ptr: a tuple of pointer and deleter

void walk_unique_ptr(Walker& walker, const Plan& plan, const Value& value) {
  const uint64_t at = value.address + plan.offsets[0];
  const std::optional<uint64_t> target = walker.word(at);
  if (!target) return walker.give_up(value);
  if (*target && walker.visitor().take(at)) {
    walker.visitor().pointer({value.type, at, value.path, value.index}, *target, plan.element, true);
  }
  for (const TypeMember& member : plan.members) {  // a deleter with state
    walker.push(member.type, value.address + member.offset, walker.paths().step(value.path, ".get_deleter()"));
  }
}

}  // namespace

void plan_sole_owner(Plan& plan, uint64_t offset, const Type* pointee) {
  plan.walk = walk_unique_ptr;
  plan.offsets[0] = offset;
  plan.element = pointee;
  if (pointee && pointee->kind == Type::Kind::kArray) plan.element = pointee->target;
}

namespace {

// The leaves of std::tuple are members _M_head_impl of nested bases, in reverse order.
void collect_heads(const Type& type, uint64_t offset, std::vector<TypeMember>& heads) {
  for (const TypeMember& member : type.members) {
    if (member.is_base && member.type) collect_heads(*member.type, offset + member.offset, heads);
    if (member.name != "_M_head_impl") continue;
    heads.push_back(member);
    heads.back().name = element_step(type);
    heads.back().offset = offset + member.offset;
  }
}

bool plan_unique_ptr(const Type& type, Plan& plan) {
  plan_sole_owner(plan, 0, type.template_arguments.empty() ? nullptr : type.template_arguments[0]);
  if (type.size == 8) return true;
  const std::optional<MemberPlace> tuple = find_member(type, {"_M_t", "_M_t"});
  if (!tuple || !tuple->type) return false;
  std::vector<TypeMember> heads;
  collect_heads(*tuple->type, tuple->offset, heads);
  bool found = false;
  for (const TypeMember& head : heads) {
    const bool is_pointer = head.type && head.type->kind == Type::Kind::kPointer && head.type->target == plan.element;
    if (is_pointer && !found) {
      plan.offsets[0] = head.offset;
      found = true;
    } else {
      plan.members.push_back(head);
    }
  }
  return found;
}

// ---- vector: { begin, end, end of storage }

void walk_vector(Walker& walker, const Plan& plan, const Value& value) {
  const uint64_t at = value.address + plan.offsets[0];
  const auto begin = walker.word(at), end = walker.word(at + 8), limit = walker.word(at + 16);
  if (!begin || !end || !limit) return walker.give_up(value);
  if (*begin == 0 && *limit == 0) return;
  const uint64_t size = plan.element && plan.element->size ? plan.element->size : 1;
  const bool sound = *begin != 0 && *begin <= *end && *end <= *limit && (*end - *begin) % size == 0;
  if (!sound || !walker.in_one_piece(*begin, *limit)) return walker.give_up(value);
  for (uint64_t word : {at, at + 8, at + 16}) {
    if (!walker.visitor().take(word)) return;
  }
  walker.visitor().storage(*begin, *limit - *begin);
  if (!plan.element || plan.element->size == 0) return walker.visitor().opaque(*begin, *end, value.path);
  if (!walker.has_references(plan.element)) return;
  const PathId path = walker.paths().element(value.path, plan.element);
  for (uint64_t element = *begin, i = 0; element < *end; element += size, ++i) {
    walker.walk_in_turn(plan.element, element, path, static_cast<uint32_t>(i));
  }
}

}  // namespace

void plan_three_pointers(Plan& plan, uint64_t offset, const Type* element) {
  plan.walk = walk_vector;
  plan.offsets[0] = offset;
  plan.element = element;
}

namespace {

bool plan_vector(const Type& type, Plan& plan) {
  const std::optional<MemberPlace> start = find_member(type, {"_M_impl", "_M_start"});
  if (!start || type.template_arguments.empty()) return false;
  plan_three_pointers(plan, start->offset, type.template_arguments[0]);
  const std::optional<MemberPlace> storage_end = find_member(type, {"_M_impl", "_M_end_of_storage"});
  if (plan.element->name == "bool" || !storage_end || storage_end->offset != start->offset + 16) plan.walk = nullptr;
  return true;
}

// ---- string: { pointer, size, local buffer or capacity }; only its storage is of interest

bool plan_string(const Type& type, Plan& plan) {
  if (type.size != 32) return true;  // the old copy-on-write string: characters with a count of their own
  plan.walk = [](Walker& walker, const Plan&, const Value& value) {
    const uint64_t text = walker.word(value.address).value_or(0);
    if (text == 0 || (text >= value.address && text < value.address + 32)) return;
    if (walker.visitor().take(value.address)) walker.visitor().storage(text);
  };
  return true;
}

// ---- optional: { value, engaged }

void walk_optional(Walker& walker, const Plan& plan, const Value& value) {
  const std::optional<uint8_t> engaged = walker.image().byte(value.address + plan.offsets[1]);
  if (!engaged || *engaged > 1) return walker.give_up(value);
  if (*engaged) walker.push(plan.element, value.address + plan.offsets[0], value.path, value.index);
}

}  // namespace

void plan_engaged(Plan& plan, uint64_t value, uint64_t flag, const Type* element) {
  plan.element = element;
  plan.offsets[0] = value;
  plan.offsets[1] = flag;
  plan.walk = walk_optional;
}

namespace {

bool plan_optional(const Type& type, Plan& plan) {
  if (type.template_arguments.empty()) return false;
  const auto payload = find_member(type, {"_M_payload", "_M_payload"});
  const auto engaged = find_member(type, {"_M_payload", "_M_engaged"});
  if (!payload || !engaged) return false;
  plan_engaged(plan, payload->offset, engaged->offset, type.template_arguments[0]);
  return true;
}

// What a promise sets: { buffer, initialized }, in a class with a vtable.
bool plan_result(const Type& type, Plan& plan) {
  const auto storage = find_member(type, {"_M_storage"}), initialized = find_member(type, {"_M_initialized"});
  if (!storage || !initialized || type.template_arguments.empty()) return false;
  plan_engaged(plan, storage->offset, initialized->offset, type.template_arguments[0]);
  return true;
}

// ---- a state of std::regex: { opcode, next state, union }; the union is a function for one opcode, and else a number
// beside bytes that nobody has set, which may be anything that was on the stack

const TypeMember* matcher_in(const Type& type) {
  for (const TypeMember& member : type.members) {
    if (member.name == "_M_matcher_storage") return &member;
    const bool is_open = member.is_base || member.name.empty();
    if (const TypeMember* found = is_open && member.type ? matcher_in(*member.type) : nullptr) return found;
  }
  return nullptr;
}

bool plan_regex_state(const Type& type, Plan& plan) {
  constexpr uint64_t kMatcher = 16;
  constexpr uint32_t kMatchOpcode = 11;  // _S_opcode_match
  const TypeMember* storage = matcher_in(type);
  if (type.size != 48 || !storage || !storage->type || storage->type->template_arguments.empty()) return false;
  plan.element = storage->type->template_arguments[0];
  plan.walk = [](Walker& walker, const Plan& of, const Value& value) {
    const auto opcode = static_cast<uint32_t>(walker.word(value.address).value_or(0));
    if (opcode == kMatchOpcode) return walker.push(of.element, value.address + kMatcher, value.path, value.index);
    for (uint64_t unset = kMatcher; unset < 48; unset += 8) walker.visitor().take(value.address + unset);
  };
  return true;
}

// ---- variant: { union, index }

void walk_variant(Walker& walker, const Plan& plan, const Value& value) {
  const uint64_t width = plan.offsets[2];
  uint64_t index = 0;
  for (uint64_t i = 0; i < width; ++i) {
    const std::optional<uint8_t> byte = walker.image().byte(value.address + plan.offsets[1] + i);
    if (!byte) return walker.give_up(value);
    index |= uint64_t{*byte} << (8 * i);
  }
  if (index == (uint64_t{1} << (8 * width)) - 1) return;  // valueless
  if (index >= plan.alternatives.size()) return walker.give_up(value);
  walker.push(plan.alternatives[index], value.address + plan.offsets[0], value.path, value.index);
}

}  // namespace

void plan_indexed(Plan& plan, uint64_t storage, uint64_t index, uint64_t index_size,
                  const std::vector<const Type*>& alternatives) {
  plan.offsets[0] = storage;
  plan.offsets[1] = index;
  plan.offsets[2] = index_size;
  plan.alternatives = alternatives;
  plan.walk = walk_variant;
}

namespace {

bool plan_variant(const Type& type, Plan& plan) {
  const auto storage = find_member(type, {"_M_u"}), index = find_member(type, {"_M_index"});
  if (!storage || !index || !index->type || index->type->size > 2) return false;
  plan_indexed(plan, storage->offset, index->offset, index->type->size, type.template_arguments);
  return true;
}

}  // namespace

// ---- pair: members that are named in source

bool plan_pair_members(const Type& type, Plan& plan) {
  const auto first = find_member(type, {"first"}), second = find_member(type, {"second"});
  if (!first || !second) return false;
  plan.element = first->type;
  plan.alternatives = {second->type};
  plan.offsets[0] = first->offset;
  plan.offsets[1] = second->offset;
  plan.walk = [](Walker& walker, const Plan& of, const Value& value) {
    walker.push(of.element, value.address + of.offsets[0], walker.paths().step(value.path, ".first"), value.index);
    walker.push(of.alternatives[0], value.address + of.offsets[1], walker.paths().step(value.path, ".second"),
                value.index);
  };
  return true;
}

// ---- tuple: "get<0>()"

std::string element_step(const Type& base) {
  const size_t at = base.name.find('<');  // "_Head_base<0, T, false>", of clang "_Head_base<0UL, T, false>"
  const char* begin = at == std::string::npos ? base.name.c_str() : base.name.c_str() + at + 1;
  char* end = nullptr;
  const unsigned long number = std::strtoul(begin, &end, 10);
  return end == begin ? std::string() : ".get<" + std::to_string(number) + ">()";
}

void plan_tuple_heads(Plan& plan, std::vector<TypeMember> heads) {
  plan.members = std::move(heads);
  plan.walk = [](Walker& walker, const Plan& of, const Value& value) {
    for (const TypeMember& head : of.members) {
      if (!walker.has_references(head.type)) continue;
      const PathId path = head.name.empty() ? value.path : walker.paths().step(value.path, head.name);
      walker.push(head.type, value.address + head.offset, path, value.index);
    }
  };
}

namespace {

bool plan_tuple(const Type& type, Plan& plan) {
  std::vector<TypeMember> heads;
  collect_heads(type, 0, heads);
  std::reverse(heads.begin(), heads.end());  // stored last first
  plan_tuple_heads(plan, std::move(heads));
  return true;
}

constexpr std::array kLayouts = {
    Layout{"std", "shared_ptr", plan_shared_ptr},
    Layout{"std", "__shared_ptr", plan_shared_ptr},
    Layout{"std", "weak_ptr", plan_weak_ptr},
    Layout{"std", "__weak_ptr", plan_weak_ptr},
    Layout{"std", "enable_shared_from_this", plan_shared_from_this},
    Layout{"std", "__enable_shared_from_this", plan_shared_from_this},
    Layout{"std", "atomic", plan_atomic},
    Layout{"std", "unique_ptr", plan_unique_ptr},
    Layout{"std", "vector", plan_vector},
    Layout{"std::__cxx11", "basic_string", plan_string},
    Layout{"std", "optional", plan_optional},
    Layout{"std::__future_base", "_Result", plan_result},
    Layout{"std", "variant", plan_variant},
    Layout{"std::__detail", "_State", plan_regex_state},
    Layout{"std", "pair", plan_pair_members},
    Layout{"std", "tuple", plan_tuple},
};

}  // namespace

std::span<const Layout> libstdcxx_layouts() { return kLayouts; }

}  // namespace reftally
