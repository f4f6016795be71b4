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

ObjectSet find_owned(const Heap& heap, const Accounts& accounts, const ObjectSet& conservative,
                     const std::vector<uint8_t>& weak_labels) {
  ObjectSet owned(heap.object_count(), 0);
  std::vector<ObjectId> queue;
  for (const HeapRoot& root : heap.roots)
    if (root_can_own(heap, root)) reach(root.to, owned, queue);
  for (uint32_t i = 0; i < heap.object_count(); i++)
    if (conservative[i] && (accounts.opaque[i] > 0 || (heap.flags[i] & dump::kObjectImmortal) != 0))
      reach(ObjectId{i}, owned, queue);
  flood(heap, owned, queue, [&](uint64_t row) {
    if (!heap.is_counted(heap.referent[row])) return true;
    return can_own(heap, row) && (weak_labels.empty() || !weak_labels[index(heap.label[row])]);
  });
  return owned;
}

Reachability find_reachable(const Heap& heap, const Accounts& accounts) {
  Reachability result;
  std::vector<ObjectId> queue;
  result.conservative.assign(heap.object_count(), 0);
  for (const HeapRoot& root : heap.roots) reach(root.to, result.conservative, queue);
  // Nobody destroys an immortal object, whatever its references.
  for (uint32_t i = 0; i < heap.object_count(); i++)
    if ((heap.flags[i] & dump::kObjectImmortal) != 0) reach(ObjectId{i}, result.conservative, queue);
  flood(heap, result.conservative, queue, [](uint64_t) { return true; });
  result.ownership = find_owned(heap, accounts, result.conservative, {});
  return result;
}

}  // namespace reftally
