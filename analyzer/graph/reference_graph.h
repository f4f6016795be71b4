// The graph over a Heap: vertices are objects, edges are references. Columns and CSR, no copies of the Heap.
#pragma once

#include <cstdint>
#include <vector>

#include "analyzer/heap/heap.h"

namespace reftally {

// A set of objects, one byte each (bytes beat bits: two loads less per visit, measured in research/graph).
using ObjectSet = std::vector<uint8_t>;

struct Reachability {
  ObjectSet conservative;  // T1: any reference of any kind, from any root
  ObjectSet ownership;     // T2: a counted object is entered only through a reference that can own it
};

// Strong count explained, for every counted object (columns by ObjectId; zero for blocks).
struct Accounts {
  std::vector<int32_t> heap_references;  // strong, exact or counted, with multiplicity
  std::vector<int32_t> root_references;  // strong, exact or counted
  std::vector<int64_t> remainder;        // strong_count minus both
};

struct Components {
  std::vector<uint32_t> component;  // by ObjectId; components numbered in topological order of discovery
  std::vector<uint32_t> size;       // by component, in objects
};

}  // namespace reftally
