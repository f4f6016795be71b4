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

class Collected {
 public:
  Collected(const Heap& heap, std::span<const ObjectId> objects) : wanted_(heap.object_count()) {
    for (ObjectId object : objects) wanted_[index(object)] = true;
  }
  bool wants(ObjectId object) const { return wanted_[index(object)]; }
  void add(StackId stack, ObjectId object, int64_t balance) {
    StackBalance& row = by_stack_[stack];
    row.stack = stack;
    row.balance += balance;
    row.fingerprint += static_cast<uint64_t>(balance) * number_of(object);
  }
  std::vector<StackBalance> rows() const {
    std::vector<StackBalance> rows;
    for (const auto& [stack, row] : by_stack_)
      if (row.balance != 0 || row.fingerprint != 0) rows.push_back(row);
    return rows;
  }

 private:
  std::vector<bool> wanted_;
  std::map<StackId, StackBalance> by_stack_;
};

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

std::vector<StackBalance> stack_balances(const Heap& heap, const EventAudit& audit, std::span<const ObjectId> objects) {
  if (!heap.has_events) return {};
  Collected collected(heap, objects);
  for (const HeapTally& tally : heap.tallies)
    if (collected.wants(tally.object)) collected.add(tally.stack, tally.object, tally.balance);
  for (uint64_t row = 0; row < heap.acquired.size(); row++)
    if (heap.acquired[row] != StackId{} && collected.wants(heap.referent[row]))
      collected.add(heap.acquired[row], heap.referent[row], 1);
  for (const HeapRoot& root : heap.roots)
    if (root.acquired != StackId{} && collected.wants(root.to)) collected.add(root.acquired, root.to, 1);
  for (ObjectId object : objects) {
    const int64_t untold = heap.strong_count[index(object)] - heap.event_balance[index(object)];
    const bool is_gobject = heap.flavour[index(object)] == FlavourId::kGObject;
    if (is_gobject ? untold == 1 : audit.agrees(object) && untold > 0)
      collected.add(heap.birth_stack[index(object)], object, untold);
  }
  return collected.rows();
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
