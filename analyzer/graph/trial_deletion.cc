#include "analyzer/graph/trial_deletion.h"

#include "analyzer/base/huge_pages.h"
#include "analyzer/graph/prefetch.h"

namespace reftally {

ObjectSet find_garbage(const Heap& heap, const ObjectSet& participants) {
  constexpr uint64_t kAhead = 48;
  const uint32_t objects = heap.object_count();
  const uint64_t rows = heap.referent.size();
  ObjectSet garbage;
  assign_column(garbage, objects, uint8_t{0});
  std::vector<uint32_t> inside;  // references among participants, by referent
  assign_column(inside, objects, 0u);
  for (uint32_t i = 0; i < objects; i++) garbage[i] = participants[i] && heap.has_account(ObjectId{i});
  for (uint32_t from = 0; from < objects; from++) {
    if (!garbage[from]) continue;
    for (uint64_t row = heap.references.begin(from); row < heap.references.end(from); row++) {
      if (row + kAhead < rows) __builtin_prefetch(&inside[index(heap.referent[row + kAhead])], 1);
      if (pays_for_count(heap.kind[row], heap.certainty[row])) inside[index(heap.referent[row])]++;
    }
  }
  std::vector<ObjectId> queue;
  reserve_column(queue, objects);
  for (uint32_t i = 0; i < objects; i++) {
    if (!garbage[i] || heap.strong_count[i] <= int64_t{inside[i]}) continue;
    garbage[i] = 0;
    queue.push_back(ObjectId{i});
  }
  flood_forward(heap, queue, garbage, uint8_t{0}, [&](uint64_t row) {
    return heap.kind[row] == ReferenceKind::kStrong || heap.kind[row] == ReferenceKind::kAmbiguous;
  });
  return garbage;
}

}  // namespace reftally
