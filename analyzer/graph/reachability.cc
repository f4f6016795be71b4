#include <algorithm>

#include "analyzer/base/error.h"
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

// Calls visit for whatever T2 starts from.
template <class Visit>
void for_each_owned_by_nothing_seen(const Heap& heap, const Accounts& accounts, const ObjectSet& conservative,
                                    Visit visit) {
  for (const HeapRoot& root : heap.roots)
    if (root_can_own(heap, root)) visit(root.to);
  for (uint32_t i = 0; i < heap.object_count(); i++)
    if (conservative[i] && (accounts.opaque[i] > 0 || (heap.flags[i] & dump::kObjectImmortal) != 0)) visit(ObjectId{i});
}

}  // namespace

ObjectSet find_owned(const Heap& heap, const Accounts& accounts, const ObjectSet& conservative,
                     const std::vector<uint8_t>& weak_labels) {
  ObjectSet owned;
  std::vector<ObjectId> queue;
  assign_column(owned, heap.object_count(), uint8_t{0});
  reserve_column(queue, heap.object_count());
  for_each_owned_by_nothing_seen(heap, accounts, conservative, [&](ObjectId object) { reach(object, owned, queue); });
  flood_forward(heap, queue, owned, uint8_t{1}, [&](uint64_t row) {
    if (!can_own(heap, row)) return !heap.is_counted(heap.referent[row]);
    return weak_labels.empty() || !weak_labels[index(heap.label[row])] || !heap.is_counted(heap.referent[row]);
  });
  return owned;
}

// A search that hands on bits: an object is looked at again when more bits come, unless it still waits in the queue.
std::vector<uint16_t> find_owned_without(const Heap& heap, const Accounts& accounts, const ObjectSet& conservative,
                                         std::span<const std::vector<LabelId>> weak_sets) {
  constexpr uint16_t kWaits = 1u << 15;
  constexpr size_t kOffsetsAhead = 24, kReferentsAhead = 12, kMarksAhead = 4, kMarksOfOne = 8;
  require(weak_sets.size() < 16, "at most 15 sets of members at once");
  const auto all = static_cast<uint16_t>((1u << weak_sets.size()) - 1);
  std::vector<uint16_t> cuts(heap.labels.size(), 0), mark;  // by label: the sets that have it
  for (size_t k = 0; k < weak_sets.size(); k++)
    for (LabelId label : weak_sets[k]) cuts[index(label)] |= static_cast<uint16_t>(1u << k);
  assign_column(mark, heap.object_count(), uint16_t{0});
  std::vector<ObjectId> queue, next;
  reserve_column(queue, heap.object_count());
  auto arrive = [&](ObjectId object, unsigned bits, std::vector<ObjectId>& to) {
    uint16_t& at = mark[index(object)];
    if ((bits & ~unsigned{at}) == 0) return;
    if ((at & kWaits) == 0) to.push_back(object);
    at = static_cast<uint16_t>(at | bits | kWaits);
  };
  for_each_owned_by_nothing_seen(heap, accounts, conservative, [&](ObjectId object) { arrive(object, all, queue); });
  const uint64_t* offsets = heap.references.offsets.data();
  for (; !queue.empty(); queue.swap(next), next.clear()) {
    for (size_t head = 0; head < queue.size(); head++) {
      const size_t size = queue.size();
      if (head + kOffsetsAhead < size) __builtin_prefetch(&offsets[index(queue[head + kOffsetsAhead])]);
      if (head + kReferentsAhead < size)
        __builtin_prefetch(&heap.referent[offsets[index(queue[head + kReferentsAhead])]]);
      if (head + kMarksAhead < size) {
        const uint32_t soon = index(queue[head + kMarksAhead]);
        const uint64_t end = std::min(offsets[soon + 1], offsets[soon] + kMarksOfOne);
        for (uint64_t row = offsets[soon]; row < end; row++) __builtin_prefetch(&mark[index(heap.referent[row])], 1);
      }
      const uint32_t from = index(queue[head]);
      mark[from] = static_cast<uint16_t>(mark[from] & ~kWaits);
      for (uint64_t row = offsets[from]; row < offsets[from + 1]; row++) {
        const ObjectId to = heap.referent[row];
        unsigned bits = mark[from];
        if (!can_own(heap, row)) {
          if (heap.is_counted(to)) continue;
        } else if (const unsigned cut = cuts[index(heap.label[row])]; cut != 0 && heap.is_counted(to)) {
          bits &= ~cut;
        }
        arrive(to, bits, next);
      }
    }
  }
  for (uint16_t& bits : mark) bits &= all;
  return mark;
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
