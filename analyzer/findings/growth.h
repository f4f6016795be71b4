// What grows from snapshot to snapshot of one process: objects by type, and by the path that retains them.
//
// A place that holds one more in every snapshot is a cache without bound or a registry nobody leaves, though all it
// holds is alive. Paths are compared by signature (RetainingPaths::signatures): names only, so that they are equal in
// every snapshot. Of all that grows only accumulation points are told: places whose holder does not grow itself (the
// rule of Eclipse MAT's leak suspects, without its dominator tree: a shared object has a path too). Of an object with
// many holders, as the name of a Python attribute has, the path is another as soon as the nearest of them goes: what
// moves from place to place has not grown. So there must be more objects of the type in all, and what was alive before,
// at a place that has fewer now, does not count. Nor does what follows from other growth: weak references to what
// grows, and of what the calls of ever more threads hold all but the largest.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "analyzer/findings/heap_census.h"

namespace reftally {

struct GrowingPath {
  uint64_t signature = 0;
  ObjectId example{};             // in the last heap
  std::vector<uint64_t> counts;   // objects held there, by snapshot; bytes when it is storage
  uint64_t bytes = 0;             // more than in the first snapshot, with what hangs below
  LabelId storage{};              // the member of `example` that grows, when it holds no objects
  std::vector<uint64_t> threads;  // by snapshot, where calls of ever more threads hold the objects
};

// The same, oldest first, but for those that tell nothing of what grows: in a program at work the path that leads to a
// place first may be another at one moment, by way of what a thread has under way, and by its name the place is not
// there then. Three are left at least, and the last.
std::vector<const HeapCensus*> comparable(std::span<const HeapCensus* const> censuses);

// Those that `censuses` show of the place itself: it may be seen in snapshots that were left out for another's sake.
// Empty when it does not grow in every one of them.
std::vector<uint64_t> counts_where_seen(std::span<const HeapCensus* const> censuses, const GrowingPath& path);

// Largest growth first. A place grows when it holds more in every snapshot than in the one before; it takes three.
std::vector<GrowingPath> find_growing_paths(std::span<const HeapCensus* const> censuses);

}  // namespace reftally
