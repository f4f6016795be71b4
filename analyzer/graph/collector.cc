// What a runtime's own cycle collector would free: CPython's trial deletion (Modules/gcmodule.c, subtract_refs and
// move_unreachable) on columns. Copy the counts of the tracked objects, subtract every reference between them that
// the collector sees; what is left with a count has a holder outside, and keeps alive what it refers to.
#include "analyzer/graph/reference_graph.h"

namespace reftally {
namespace {

constexpr uint32_t kPermanent = 3;  // generation of gc.freeze: never collected

bool is_visited(const Heap& heap, uint64_t row) {
  return heap.kind[row] == ReferenceKind::kStrong && heap.certainty[row] == Certainty::kExact &&
         (heap.labels[index(heap.label[row])].flags & kLabelHidden) == 0;
}

}  // namespace

ObjectSet find_collector_garbage(const Heap& heap) {
  const uint32_t objects = heap.object_count();
  ObjectSet garbage(objects, 0);
  bool any_tracked = false;
  for (uint32_t i = 0; i < objects; i++) {
    const uint32_t flags = heap.flags[i];
    garbage[i] = (flags & dump::kObjectTracked) != 0 && collector_generation(flags) != kPermanent;
    any_tracked |= garbage[i] != 0;
  }
  if (!any_tracked) return garbage;
  std::vector<int64_t> outside(objects, 0);
  for (uint32_t i = 0; i < objects; i++) outside[i] = heap.strong_count[i] == kUncounted ? 1 : heap.strong_count[i];
  auto for_each_visited = [&](uint32_t from, auto&& use) {
    for (uint64_t row = heap.references.begin(from); row < heap.references.end(from); row++)
      if (garbage[index(heap.referent[row])] && is_visited(heap, row)) use(index(heap.referent[row]));
  };
  for (uint32_t i = 0; i < objects; i++)
    if (garbage[i]) for_each_visited(i, [&](uint32_t to) { outside[to]--; });
  std::vector<uint32_t> alive;
  for (uint32_t i = 0; i < objects; i++)
    if (garbage[i] && outside[i] > 0) alive.push_back(i);
  for (uint32_t i : alive) garbage[i] = 0;
  while (!alive.empty()) {
    const uint32_t from = alive.back();
    alive.pop_back();
    for_each_visited(from, [&](uint32_t to) {
      garbage[to] = 0;
      alive.push_back(to);
    });
  }
  return garbage;
}

}  // namespace reftally
