#include "analyzer/findings/balance_tree.h"

#include <algorithm>
#include <cstdlib>
#include <map>

namespace reftally {
namespace {

// SplitMix64 (Steele, Lea, Flood 2014): well mixed, and the same in each run.
uint64_t number_of(ObjectId object) {
  uint64_t mixed = (uint64_t{index(object)} + 1) * 0x9e3779b97f4a7c15;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  return mixed ^ (mixed >> 31);
}

bool is_before(const SteppedBalance& a, const SteppedBalance& b) { return a.steps < b.steps; }

// What left most behind first; then what gave back too much.
bool is_greater(const BalanceNode& a, const BalanceNode& b) {
  if (a.balance != b.balance) return a.balance > b.balance;
  return a.is_balanced() < b.is_balanced();
}

// The node of stacks that are alike in their first `depth` steps, sorted.
BalanceNode node_of(std::span<const SteppedBalance> stacks, size_t depth);

void add_children(std::span<const SteppedBalance> stacks, size_t depth, BalanceNode& node) {
  for (size_t begin = 0; begin < stacks.size();) {
    size_t end = begin + 1;
    while (end < stacks.size() && stacks[end].steps[depth] == stacks[begin].steps[depth]) end++;
    node.children.push_back(node_of(stacks.subspan(begin, end - begin), depth));
    begin = end;
  }
  std::stable_sort(node.children.begin(), node.children.end(), is_greater);
}

void sum_up(std::span<const SteppedBalance> stacks, BalanceNode& node) {
  node.stacks = stacks.size();
  for (const SteppedBalance& stack : stacks) {
    node.balance += stack.balance;
    node.fingerprint += stack.fingerprint;
  }
}

BalanceNode node_of(std::span<const SteppedBalance> stacks, size_t depth) {
  BalanceNode node;
  node.depth = depth;
  sum_up(stacks, node);
  const std::vector<std::string>& first = stacks.front().steps;
  const std::vector<std::string>& last = stacks.back().steps;
  size_t next = depth;
  do node.steps.push_back(first[next++]);
  while (next < first.size() && next < last.size() && first[next] == last[next]);
  if (node.is_balanced()) return node;
  size_t ended = 0;  // shorter ones come first
  for (; ended < stacks.size() && stacks[ended].steps.size() == next; ended++) node.own += stacks[ended].balance;
  node.ends_stack = ended != 0;
  add_children(stacks.subspan(ended), next, node);
  return node;
}

}  // namespace

StackBalances::StackBalances(const Heap& heap, const EventAudit& audit, std::vector<ObjectId> objects) {
  if (!heap.has_events) return;
  std::vector<bool> wanted(heap.object_count());
  for (ObjectId object : objects) wanted[index(object)] = true;
  auto add = [&](ObjectId object, StackId stack, int64_t balance) { rows_.push_back({object, stack, balance}); };
  for (const HeapTally& tally : heap.tallies)
    if (wanted[index(tally.object)]) add(tally.object, tally.stack, tally.balance);
  for (uint64_t row = 0; row < heap.acquired.size(); row++)
    if (heap.acquired[row] != StackId{} && wanted[index(heap.referent[row])])
      add(heap.referent[row], heap.acquired[row], 1);
  for (const HeapRoot& root : heap.roots)
    if (root.acquired != StackId{} && wanted[index(root.to)]) add(root.to, root.acquired, 1);
  for (uint32_t i = 0; i < wanted.size(); i++) {
    if (!wanted[i]) continue;
    const int64_t untold = heap.strong_count[i] - heap.event_balance[i];
    const bool is_gobject = heap.flavour[i] == FlavourId::kGObject;
    if (is_gobject ? untold == 1 : audit.agrees(ObjectId{i}) && untold > 0)
      add(ObjectId{i}, heap.birth_stack[i], untold);
  }
  std::stable_sort(rows_.begin(), rows_.end());
}

std::vector<StackBalance> StackBalances::of(std::span<const ObjectId> objects) const {
  std::map<StackId, StackBalance> by_stack;
  for (ObjectId object : objects) {
    const auto [first, last] = std::equal_range(rows_.begin(), rows_.end(), Row{object, StackId{}, 0});
    for (auto told = first; told != last; ++told) {
      StackBalance& row = by_stack[told->stack];
      row.stack = told->stack;
      row.balance += told->balance;
      row.fingerprint += static_cast<uint64_t>(told->balance) * number_of(object);
    }
  }
  std::vector<StackBalance> rows;
  for (const auto& [stack, row] : by_stack)
    if (row.balance != 0 || row.fingerprint != 0) rows.push_back(row);
  return rows;
}

BalanceNode balance_tree(std::vector<SteppedBalance> stacks) {
  for (SteppedBalance& stack : stacks)
    if (stack.steps.empty()) stack.steps.emplace_back("an unknown call");
  std::stable_sort(stacks.begin(), stacks.end(), is_before);
  BalanceNode top;
  sum_up(stacks, top);
  add_children(stacks, 0, top);
  return top;
}

}  // namespace reftally
