#include "analyzer/base/huge_pages.h"
#include "analyzer/graph/prefetch.h"
#include "analyzer/graph/reference_graph.h"

namespace reftally {
namespace {

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

ObjectSet find_owned(const Heap& heap, const Accounts& accounts, const ObjectSet& conservative,
                     const std::vector<uint8_t>& weak_labels) {
  ObjectSet owned;
  std::vector<ObjectId> queue;
  assign_column(owned, heap.object_count(), uint8_t{0});
  reserve_column(queue, heap.object_count());
  for (const HeapRoot& root : heap.roots)
    if (root_can_own(heap, root)) reach(root.to, owned, queue);
  for (uint32_t i = 0; i < heap.object_count(); i++)
    if (conservative[i] && (accounts.opaque[i] > 0 || (heap.flags[i] & dump::kObjectImmortal) != 0))
      reach(ObjectId{i}, owned, queue);
  flood_forward(heap, queue, owned, uint8_t{1}, [&](uint64_t row) {
    if (!can_own(heap, row)) return !heap.is_counted(heap.referent[row]);
    return weak_labels.empty() || !weak_labels[index(heap.label[row])] || !heap.is_counted(heap.referent[row]);
  });
  return owned;
}

ObjectSet find_conservative(const Heap& heap) {
  ObjectSet reached;
  std::vector<ObjectId> queue;
  assign_column(reached, heap.object_count(), uint8_t{0});
  reserve_column(queue, heap.object_count());
  for (const HeapRoot& root : heap.roots) reach(root.to, reached, queue);
  // Nobody destroys an immortal object, whatever its references.
  for (uint32_t i = 0; i < heap.object_count(); i++)
    if ((heap.flags[i] & dump::kObjectImmortal) != 0) reach(ObjectId{i}, reached, queue);
  flood_forward(heap, queue, reached, uint8_t{1}, [](uint64_t) { return true; });
  return reached;
}

Reachability find_reachable(const Heap& heap, const Accounts& accounts) {
  Reachability result;
  result.conservative = find_conservative(heap);
  result.ownership = find_owned(heap, accounts, result.conservative, {});
  return result;
}

}  // namespace reftally
