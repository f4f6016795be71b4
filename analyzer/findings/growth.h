// What grows from snapshot to snapshot of one process: objects by type, and by the path that retains them.
//
// A place that holds one more in every snapshot is a cache without bound or a registry nobody leaves, though all it
// holds is alive. Paths are compared by signature (RetainingPaths::signatures): names only, so that they are equal in
// every snapshot. Of all that grows only accumulation points are told: places whose holder does not grow itself (the
// rule of Eclipse MAT's leak suspects, without its dominator tree: a shared object has a path too). Of an object with
// many holders, as the name of a Python attribute has, the path is another as soon as the nearest of them goes: what
// moves from place to place has not grown. So there must be more objects of the type in all, and what was alive before,
// at a place that has fewer now, does not count.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "analyzer/graph/retaining_path.h"

namespace reftally {

struct Tally {
  uint64_t objects = 0, bytes = 0;
};

struct HeldAt {
  Tally held;
  uint64_t holder = 0;     // signature of what holds it; 0: a root
  uint64_t container = 0;  // hash of the holder's member that does, without what follows "[]"
  uint64_t type = 0;       // hash of the example's type name
  ObjectId example{};
};

// What a container of some holder keeps by value: a map of strings has no objects of its own to count.
struct StoredAt {
  uint64_t bytes = 0;
  uint64_t holder = 0;     // signature
  uint64_t container = 0;  // hash of the member's name
  ObjectId example{};
  LabelId member{};
};

struct Whereabouts {
  uint64_t object;  // address and type, see whereabouts_key()
  uint64_t place;   // signature
};

struct HeapCensus {
  std::map<std::string, Tally> types;              // alive, by type name
  std::unordered_map<uint64_t, HeldAt> paths;      // by signature
  std::vector<uint64_t> order;                     // signatures, holders before what they hold
  std::unordered_map<uint64_t, StoredAt> storage;  // by signature of holder and member
  std::vector<Whereabouts> objects;                // in the order of the search
};

HeapCensus take_census(const Heap& heap, RetainingPaths& paths);

struct GrowingPath {
  uint64_t signature = 0;
  ObjectId example{};            // in the last heap
  std::vector<uint64_t> counts;  // objects held there, by snapshot; bytes when it is storage
  uint64_t bytes = 0;            // more than in the first snapshot, with what hangs below
  LabelId storage{};             // the member of `example` that grows, when it holds no objects
};

// Largest growth first. A place grows when it holds more in every snapshot than in the one before; of two snapshots
// that is weak evidence, so that it takes three.
std::vector<GrowingPath> find_growing_paths(std::span<const HeapCensus* const> censuses);

}  // namespace reftally
