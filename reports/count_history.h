// The count of one object over time, from the events that `reftally run --history` has kept.
#pragma once

#include <optional>
#include <vector>

#include "analyzer/heap/heap.h"
#include "analyzer/image/image.h"
#include "reports/build_report.h"

namespace reftally {

struct CountEvent {
  const dump::HistoryEvent* record;
  int64_t before = 0, after = 0;  // strong count
  uint64_t holder = 0;            // of an acquire: who has the reference now
  std::optional<size_t> partner;  // the release of an acquire, and the other way round

  bool takes() const;
  bool gives() const;
  bool moves() const;
  bool is_birth() const;
  bool is_death() const;
  double seconds_before(const Image& image) const;  // the snapshot
};

// In order; empty when nothing was kept of the object.
std::vector<CountEvent> count_history(const Image& image, const Heap& heap, ObjectId object);

// Objects that have a history, those of findings first; and sets the rows of findings.
void add_counts(const Image& image, const Analysis& analysis, const FramesOf& frames, Report& report);

}  // namespace reftally
