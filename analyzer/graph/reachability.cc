#include "analyzer/graph/reference_graph.h"

namespace reftally {
namespace {

template <class Enters>
void flood(const Heap& heap, ObjectSet& reached, std::vector<ObjectId>& queue, Enters enters) {
  while (!queue.empty()) {
    const uint32_t from = index(queue.back());
    queue.pop_back();
    for (uint64_t row = heap.references.begin(from); row < heap.references.end(from); row++) {
      const ObjectId to = heap.referent[row];
      if (reached[index(to)] || !enters(row)) continue;
      reached[index(to)] = 1;
      queue.push_back(to);
    }
  }
}

void reach(ObjectId object, ObjectSet& reached, std::vector<ObjectId>& queue) {
  if (reached[index(object)]) return;
  reached[index(object)] = 1;
  queue.push_back(object);
}

bool root_can_own(const Heap& heap, const HeapRoot& root) {
  if (!heap.is_counted(root.to)) return true;
  return root.reference == ReferenceKind::kStrong || root.reference == ReferenceKind::kAmbiguous;
}

}  // namespace

Reachability find_reachable(const Heap& heap, const Accounts& accounts) {
  Reachability result;
  std::vector<ObjectId> queue;
  result.conservative.assign(heap.object_count(), 0);
  for (const HeapRoot& root : heap.roots) reach(root.to, result.conservative, queue);
  flood(heap, result.conservative, queue, [](uint64_t) { return true; });

  result.ownership.assign(heap.object_count(), 0);
  for (const HeapRoot& root : heap.roots)
    if (root_can_own(heap, root)) reach(root.to, result.ownership, queue);
  for (uint32_t i = 0; i < heap.object_count(); i++)
    if (result.conservative[i] && accounts.opaque[i] > 0) reach(ObjectId{i}, result.ownership, queue);
  flood(heap, result.ownership, queue,
        [&](uint64_t row) { return !heap.is_counted(heap.referent[row]) || can_own(heap, row); });
  return result;
}

}  // namespace reftally
