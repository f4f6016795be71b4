// deep-destruction: a chain of objects of which each is the only owner of the next. Releasing its head destroys them by
// recursion, some hundred bytes of stack a link; programs overflowed at 20,000 to 30,000 links (Ceph tracker 42149,
// ClickHouse 39956). Nothing is lost yet: this tells it before it happens.
//
// "Is the only owner of" gives each object one parent at most, so that the chains are the heights of a forest: found in
// one pass from the leaves, linear in objects and references.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "analyzer/base/huge_pages.h"
#include "analyzer/findings/rules.h"

namespace reftally {
namespace {

constexpr uint32_t kDeepest = 20'000;  // links that any stack of 8 MiB takes
constexpr uint32_t kNobody = 0xffffffff, kSeveral = 0xfffffffe;

// CPython's deallocators take chains apart without recursion (its trashcan); how a C program's do nobody knows.
bool is_native(const Heap& heap, uint32_t object) {
  return heap.flavour[object] != FlavourId::kPython && heap.flavour[object] != FlavourId::kDeclared;
}

struct OwnerForest {
  std::vector<uint32_t> owner;   // by object: its only owner, or kNobody, kSeveral
  std::vector<uint32_t> height;  // by object: links below it
};

std::vector<uint32_t> only_owners(const Heap& heap) {
  constexpr uint64_t kAhead = 24;
  std::vector<uint32_t> owner = filled_column(heap.object_count(), kNobody);
  const uint64_t rows = heap.referent.size();
  for (uint32_t from = 0; from < heap.object_count(); from++) {
    for (uint64_t row = heap.references.begin(from); row < heap.references.end(from); row++) {
      if (row + kAhead < rows) __builtin_prefetch(&owner[index(heap.referent[row + kAhead])], 1);
      // Known by type: of a class without debug information nobody knows whether it releases its chain in a loop.
      if (heap.kind[row] != ReferenceKind::kStrong || heap.certainty[row] != Certainty::kExact) continue;
      uint32_t& of = owner[index(heap.referent[row])];
      of = of == kNobody ? from : kSeveral;
    }
  }
  return owner;
}

OwnerForest find_forest(const Heap& heap) {
  OwnerForest forest{only_owners(heap), filled_column(heap.object_count(), uint32_t{0})};
  std::vector<uint32_t> open =
      filled_column(heap.object_count(), uint32_t{0});  // owned objects whose height is not known yet
  for (uint32_t i = 0; i < heap.object_count(); i++) {
    uint32_t& owner = forest.owner[i];
    if (owner < kSeveral && (heap.strong_count[i] > 1 || !is_native(heap, i))) owner = kSeveral;
    if (owner < kSeveral) open[owner]++;
  }
  for (uint32_t i = 0; i < heap.object_count(); i++) {
    if (open[i] != 0) continue;
    open[i] = kNobody;  // done
    for (uint32_t at = i; forest.owner[at] < kSeveral;) {
      const uint32_t owner = forest.owner[at];
      forest.height[owner] = std::max(forest.height[owner], forest.height[at] + 1);
      if (--open[owner] != 0) break;
      open[owner] = kNobody;
      at = owner;
    }
  }
  return forest;
}

// The chain's own kind of object: what stands at half its height, for its head may be another.
uint32_t middle_of(const OwnerForest& forest, const std::vector<uint32_t>& deepest, uint32_t head) {
  uint32_t at = head;
  for (uint32_t left = forest.height[head] / 2; left > 0; left--) at = deepest[at];
  return at;
}

// By object: the owned one with the greatest height.
std::vector<uint32_t> deepest_below(const OwnerForest& forest) {
  std::vector<uint32_t> deepest = filled_column(forest.owner.size(), kNobody);
  for (uint32_t i = 0; i < forest.owner.size(); i++) {
    const uint32_t owner = forest.owner[i];
    if (owner < kSeveral && forest.height[owner] == forest.height[i] + 1) deepest[owner] = i;
  }
  return deepest;
}

}  // namespace

void find_deep_destructions(const RuleInput& input, std::vector<Finding>& findings) {
  const Heap& heap = input.heap;
  const OwnerForest forest = find_forest(heap);
  std::vector<uint32_t> heads;
  for (uint32_t i = 0; i < heap.object_count(); i++)
    if (forest.height[i] >= kDeepest && forest.owner[i] >= kSeveral && input.reachable.ownership[i]) heads.push_back(i);
  if (heads.empty()) return;
  const std::vector<uint32_t> deepest = deepest_below(forest);
  std::map<TypeId, std::vector<uint32_t>> by_type;
  for (const uint32_t head : heads) by_type[heap.type[middle_of(forest, deepest, head)]].push_back(head);
  for (auto& [type, of_type] : by_type) {
    std::stable_sort(of_type.begin(), of_type.end(),
                     [&](uint32_t a, uint32_t b) { return forest.height[b] < forest.height[a]; });
    std::vector<ObjectId> objects;
    for (const uint32_t head : of_type) objects.push_back(ObjectId{middle_of(forest, deepest, head)});
    Finding finding = finding_of_objects(input, rule_named("deep-destruction"), objects);
    finding.depth = forest.height[of_type.front()];
    set_path(input, finding, Follow::kOwners, ObjectId{of_type.front()});
    finding.evidence.push_back(fmt::format(
        "each of {} objects is the only owner of the next; at 100 to 400 bytes of stack a link, releasing the first "
        "needs {} to {} MB, and a stack has 8 MB unless ulimit -s or the thread's attributes say otherwise",
        finding.depth + 1, finding.depth / 10'000, finding.depth / 2'500));
    finding.evidence.emplace_back("release the chain in a loop: move the next object out before the last one goes");
    findings.push_back(std::move(finding));
  }
}

}  // namespace reftally
