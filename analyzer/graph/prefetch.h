// Breadth-first search that asks memory for what it needs some steps ahead: on heaps larger than the caches a search is
// one load miss after another, and the queue says which ones come (three stages: offsets, referents, marks).
#pragma once

#include <algorithm>
#include <vector>

#include "analyzer/heap/heap.h"

namespace reftally {

// Always inline: g++ takes a function that does nothing but prefetch for one without effect, and leaves out the call.
template <class Mark>
[[gnu::always_inline]] inline void prefetch_for_queue(const Heap& heap, const std::vector<ObjectId>& queue, size_t head,
                                                      const std::vector<Mark>& mark) {
  constexpr size_t kOffsetsAhead = 24, kReferentsAhead = 12, kMarksAhead = 4, kMarksOfOne = 8;
  const uint64_t* offsets = heap.references.offsets.data();
  const ObjectId* referent = heap.referent.data();
  const size_t size = queue.size();
  if (head + kOffsetsAhead < size) __builtin_prefetch(&offsets[index(queue[head + kOffsetsAhead])]);
  if (head + kReferentsAhead < size) {
    const uint64_t row = offsets[index(queue[head + kReferentsAhead])];
    __builtin_prefetch(&referent[row]);
    __builtin_prefetch(heap.kind.data() + row);
  }
  if (head + kMarksAhead >= size) return;
  const uint32_t next = index(queue[head + kMarksAhead]);
  const uint64_t end = std::min(offsets[next + 1], offsets[next] + kMarksOfOne);
  for (uint64_t row = offsets[next]; row < end; row++) __builtin_prefetch(&mark[index(referent[row])], 1);
}

// Visits everything that `queue` leads to through references for which follow(row) holds. An object is new as long as
// its mark differs from `seen`; the ones in the queue are marked already. Leaves the queue in order of arrival.
template <class Mark, class Follow>
void flood_forward(const Heap& heap, std::vector<ObjectId>& queue, std::vector<Mark>& mark, Mark seen, Follow follow) {
  constexpr size_t kMarksInRow = 16;
  const uint64_t* offsets = heap.references.offsets.data();
  const ObjectId* referent = heap.referent.data();
  for (size_t head = 0; head < queue.size(); head++) {
    prefetch_for_queue(heap, queue, head, mark);
    const uint32_t from = index(queue[head]);
    const uint64_t end = offsets[from + 1];
    for (uint64_t row = offsets[from]; row < end; row++) {
      if (row + kMarksInRow < end) __builtin_prefetch(&mark[index(referent[row + kMarksInRow])], 1);
      const uint32_t to = index(referent[row]);
      if (mark[to] == seen || !follow(row)) continue;
      mark[to] = seen;
      queue.push_back(ObjectId{to});
    }
  }
}

}  // namespace reftally
