// libstdc++: containers that keep elements in nodes or in a map of buffers.
#include <array>
#include <vector>

#include "analyzer/layouts/alignment.h"
#include "analyzer/layouts/keys.h"
#include "analyzer/layouts/layouts.h"
#include "analyzer/layouts/plans.h"

namespace reftally {

uint64_t offset_in_node(const Plan& plan, uint64_t links) {
  uint64_t alignment = alignment_of(*plan.element);
  if (!plan.alternatives.empty()) alignment = std::max(alignment, alignment_of(*plan.alternatives[0]));  // the key's
  return round_up(links, alignment);
}

// Maps read as `map_[]` for the mapped value and `map_[key]` for the key.
void push_entry(Walker& walker, const Plan& plan, const Value& container, uint64_t address, uint32_t index) {
  const PathId path = walker.paths().element(container.path, plan.element);
  if (plan.alternatives.empty()) return walker.push(plan.element, address, path, index);
  const uint64_t end = address + plan.offsets[5] + plan.element->size;
  if (!walker.in_one_piece(address, end))
    return walker.visitor().opaque(address, end, container.path);  // not where it was thought to be
  walker.push(plan.alternatives[0], address, walker.paths().key(container.path));
  walker.push(plan.alternatives[1], address + plan.offsets[5], path,
              index_of_key(walker, *plan.alternatives[0], address));
}

void walk_tree_nodes(Walker& walker, uint64_t root, const TreeLinks& links,
                     const std::function<void(uint64_t node)>& push) {
  std::vector<uint64_t> nodes{root};
  while (!nodes.empty()) {
    const uint64_t node = nodes.back();
    nodes.pop_back();
    const auto left = walker.word(node + links.left), right = walker.word(node + links.right);
    if (!left || !right || !walker.visitor().take(node + links.left)) continue;
    walker.visitor().take(node + links.right);
    walker.visitor().take(node + links.parent);
    walker.visitor().storage(node);
    push(node);
    if (*left) nodes.push_back(*left);
    if (*right) nodes.push_back(*right);
  }
}

bool plan_entries(const Type& type, Plan& plan, bool is_map) {
  if (type.template_arguments.empty()) return false;
  plan.element = type.template_arguments[0];
  if (!is_map) return plan.element->size > 0;
  if (type.template_arguments.size() < 2) return false;
  const Type *key = type.template_arguments[0], *mapped = type.template_arguments[1];
  plan.alternatives = {key, mapped};
  plan.element = mapped;
  plan.offsets[5] = round_up(key->size, alignment_of(*mapped));  // in std::pair<const Key, T>
  return key->size > 0 && mapped->size > 0;
}

namespace {

// ---- list, forward_list: { next, previous, element } and { next, element }

void walk_list(Walker& walker, const Plan& plan, const Value& value) {
  const uint64_t head = value.address + plan.offsets[0], links = plan.offsets[1];
  const std::optional<uint64_t> first = walker.word(head);
  if (!first) return walker.give_up(value);
  if (!walker.visitor().take(head)) return;
  uint32_t i = 0;
  for (uint64_t node = *first; node != head && node != 0; ++i) {
    const std::optional<uint64_t> next = walker.word(node);
    if (!next || !walker.visitor().take(node)) return;
    if (links == 16) walker.visitor().take(node + 8);
    walker.visitor().storage(node);
    push_entry(walker, plan, value, node + plan.offsets[2], i);
    node = *next;
  }
  if (links == 16) walker.visitor().take(head + 8);
}

bool plan_list(const Type& type, Plan& plan) {
  const auto node = find_member(type, {"_M_impl", "_M_node"});
  if (!node || !plan_entries(type, plan, false)) return false;
  plan.offsets[0] = node->offset;
  plan.offsets[1] = 16;
  plan.offsets[2] = offset_in_node(plan, 16);
  plan.walk = walk_list;
  return true;
}

bool plan_forward_list(const Type& type, Plan& plan) {
  const auto head = find_member(type, {"_M_impl", "_M_head"});
  if (!head || !plan_entries(type, plan, false)) return false;
  plan.offsets[0] = head->offset;
  plan.offsets[1] = 8;
  plan.offsets[2] = offset_in_node(plan, 8);
  plan.walk = walk_list;
  return true;
}

// ---- set, map: red-black tree nodes { colour, parent, left, right, element }

void walk_tree(Walker& walker, const Plan& plan, const Value& value) {
  constexpr uint64_t kParent = 8, kLeft = 16, kRight = 24;
  const uint64_t header = value.address + plan.offsets[0];
  const std::optional<uint64_t> root = walker.word(header + kParent);
  if (!root) return walker.give_up(value);
  if (*root == 0 || !walker.visitor().take(header + kParent)) return;
  walker.visitor().take(header + kLeft);
  walker.visitor().take(header + kRight);
  walk_tree_nodes(walker, *root, {kLeft, kRight, kParent},
                  [&](uint64_t node) { push_entry(walker, plan, value, node + plan.offsets[2]); });
}

bool plan_tree(const Type& type, Plan& plan, bool is_map) {
  const auto header = find_member(type, {"_M_t", "_M_impl", "_M_header"});
  if (!header || !plan_entries(type, plan, is_map)) return false;
  plan.offsets[0] = header->offset;
  plan.offsets[2] = offset_in_node(plan, 32);
  plan.walk = walk_tree;
  return true;
}

bool plan_set(const Type& type, Plan& plan) { return plan_tree(type, plan, false); }
bool plan_map(const Type& type, Plan& plan) { return plan_tree(type, plan, true); }

// ---- unordered_set, unordered_map: one chain of nodes { next, element, maybe hash } and an array of buckets

void walk_hash(Walker& walker, const Plan& plan, const Value& value) {
  const uint64_t head = value.address + plan.offsets[0], buckets_at = value.address + plan.offsets[1];
  const auto first = walker.word(head), buckets = walker.word(buckets_at);
  if (!first || !buckets) return walker.give_up(value);
  if (!walker.visitor().take(buckets_at)) return;
  const bool single = *buckets >= value.address && *buckets < value.address + value.type->size;
  if (single)
    walker.visitor().take(*buckets);
  else if (*buckets)
    walker.visitor().storage(*buckets);
  walker.visitor().take(head);
  for (uint64_t node = *first; node != 0;) {
    const std::optional<uint64_t> next = walker.word(node);
    if (!next || !walker.visitor().take(node)) return;
    walker.visitor().storage(node);
    push_entry(walker, plan, value, node + plan.offsets[2]);
    node = *next;
  }
}

bool plan_hash(const Type& type, Plan& plan, bool is_map) {
  const auto head = find_member(type, {"_M_h", "_M_before_begin", "_M_nxt"});
  const auto buckets = find_member(type, {"_M_h", "_M_buckets"});
  if (!head || !buckets || !plan_entries(type, plan, is_map)) return false;
  plan.offsets[0] = head->offset;
  plan.offsets[1] = buckets->offset;
  plan.offsets[2] = offset_in_node(plan, 8);
  plan.walk = walk_hash;
  return true;
}

bool plan_unordered_set(const Type& type, Plan& plan) { return plan_hash(type, plan, false); }
bool plan_unordered_map(const Type& type, Plan& plan) { return plan_hash(type, plan, true); }

// ---- deque: a map of buffers of 512 bytes (or one element); iterators { current, first, last, node }

struct DequeEnd {
  uint64_t current, first, last, node;
};

std::optional<DequeEnd> read_end(const Walker& walker, uint64_t at) {
  uint64_t words[4];
  for (int i = 0; i < 4; ++i) {
    const std::optional<uint64_t> word = walker.word(at + 8 * i);
    if (!word) return std::nullopt;
    words[i] = *word;
  }
  return DequeEnd{words[0], words[1], words[2], words[3]};
}

void walk_deque(Walker& walker, const Plan& plan, const Value& value) {
  const uint64_t map_at = value.address + plan.offsets[0], start_at = value.address + plan.offsets[1];
  const auto map = walker.word(map_at);
  const auto start = read_end(walker, start_at), finish = read_end(walker, start_at + 32);
  if (!map || !start || !finish) return walker.give_up(value);
  if (*map == 0) return;
  const uint64_t size = plan.element->size, buffer = size < 512 ? 512 / size * size : size;
  const bool sound = start->node <= finish->node && (finish->node - start->node) % 8 == 0 && start->node >= *map &&
                     start->last - start->first == buffer && finish->last - finish->first == buffer;
  if (!sound || !walker.in_one_piece(*map, finish->node + 8)) return walker.give_up(value);
  if (!walker.visitor().take(map_at)) return;
  for (uint64_t at = start_at; at < start_at + 64; at += 8) walker.visitor().take(at);
  walker.visitor().storage(*map);
  uint32_t i = 0;
  for (uint64_t node = start->node; node <= finish->node; node += 8) {
    const std::optional<uint64_t> first = walker.word(node);
    if (!first || !walker.visitor().take(node)) return;
    walker.visitor().storage(*first);
    const uint64_t begin = node == start->node ? start->current : *first;
    const uint64_t end = node == finish->node ? finish->current : *first + buffer;
    if (begin < *first || end > *first + buffer) return;
    for (uint64_t element = begin; element < end; element += size) {
      push_entry(walker, plan, value, element, i++);
    }
  }
}

bool plan_deque(const Type& type, Plan& plan) {
  const auto map = find_member(type, {"_M_impl", "_M_map"}), start = find_member(type, {"_M_impl", "_M_start"});
  if (!map || !start || !plan_entries(type, plan, false)) return false;
  plan.offsets[0] = map->offset;
  plan.offsets[1] = start->offset;
  plan.walk = walk_deque;
  return true;
}

constexpr std::array kLayouts = {
    Layout{"std::__cxx11", "list", plan_list},
    Layout{"std", "list", plan_list},
    Layout{"std", "forward_list", plan_forward_list},
    Layout{"std", "set", plan_set},
    Layout{"std", "multiset", plan_set},
    Layout{"std", "map", plan_map},
    Layout{"std", "multimap", plan_map},
    Layout{"std", "unordered_set", plan_unordered_set},
    Layout{"std", "unordered_multiset", plan_unordered_set},
    Layout{"std", "unordered_map", plan_unordered_map},
    Layout{"std", "unordered_multimap", plan_unordered_map},
    Layout{"std", "deque", plan_deque},
};

}  // namespace

std::span<const Layout> libstdcxx_node_layouts() { return kLayouts; }

}  // namespace reftally
