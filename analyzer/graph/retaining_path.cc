#include <algorithm>

#include "analyzer/graph/reference_graph.h"

namespace reftally {

RetainingPath find_retaining_path(const Heap& heap, ObjectId object) {
  constexpr uint64_t kUnseen = ~uint64_t{0}, kFromRoot = kUnseen - 1;
  std::vector<uint64_t> by(heap.object_count(), kUnseen);  // reference by which an object was first reached
  std::vector<uint32_t> from(heap.object_count(), 0);      // referrer, or the root's row
  std::vector<ObjectId> queue;
  for (uint32_t row = 0; row < heap.roots.size(); row++) {
    const HeapRoot& root = heap.roots[row];
    const bool owns = root.reference == ReferenceKind::kStrong || root.reference == ReferenceKind::kAmbiguous;
    if (by[index(root.to)] != kUnseen || (heap.is_counted(root.to) && !owns)) continue;
    by[index(root.to)] = kFromRoot;
    from[index(root.to)] = row;
    queue.push_back(root.to);
  }
  for (size_t head = 0; head < queue.size() && by[index(object)] == kUnseen; head++) {
    const uint32_t at = index(queue[head]);
    for (uint64_t row = heap.references.begin(at); row < heap.references.end(at); row++) {
      const uint32_t to = index(heap.referent[row]);
      if (by[to] != kUnseen || !can_own(heap, row)) continue;
      by[to] = row;
      from[to] = at;
      queue.push_back(ObjectId{to});
    }
  }
  RetainingPath path;
  if (by[index(object)] == kUnseen) return path;
  uint32_t at = index(object);
  for (; by[at] != kFromRoot; at = from[at]) path.references.push_back(by[at]);
  path.root = from[at];
  std::reverse(path.references.begin(), path.references.end());
  return path;
}

}  // namespace reftally
