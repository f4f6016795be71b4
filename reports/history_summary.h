// What the history of many objects says of them together: who is left alone, and who died on another thread.
#pragma once

#include <span>

#include "analyzer/heap/heap.h"
#include "analyzer/image/image.h"

namespace reftally {

struct HistorySummary {
  // Of the objects asked for. Left alone: no reference was taken, given back or moved in the second half of the time
  // from the first event to the snapshot.
  uint64_t objects = 0, left_alone = 0;
  double longest = 0;  // seconds since the last event, of those left alone

  // Of all that have died: released last by another thread than told the first event. Their destructors ran there.
  uint64_t died = 0, died_elsewhere = 0;
  StackId last_release{};  // by which most of those died
};

HistorySummary summarize_history(const Image& image, const Heap& heap, std::span<const ObjectId> objects);

}  // namespace reftally
