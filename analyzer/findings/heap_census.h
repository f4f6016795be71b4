// What is alive in one snapshot and where: by type, and by the signature of the path that retains it, which is made of
// names and so the same in another snapshot.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "analyzer/graph/retaining_path.h"

namespace reftally {

struct Tally {
  uint64_t objects = 0, bytes = 0;
};

struct HeldAt {
  Tally held;
  uint64_t holder = 0;           // signature of what holds it; 0: a root
  uint64_t container = 0;        // hash of the holder's member that does, without what follows "[]"
  uint64_t type = 0;             // hash of the kind of which there are most, see kind_hash()
  uint64_t lead = 0;             // of that kind over all others, while counting
  ObjectId example{};            // of that kind
  uint64_t weak_references = 0;  // objects of CPython's weakref
  uint64_t weakly_seen = 0;      // objects that have one
  bool is_passing = false;       // held by calls
};

// What a container of some holder keeps by value: a map of strings has no objects of its own to count.
struct StoredAt {
  uint64_t bytes = 0;
  uint64_t holder = 0;     // signature
  uint64_t container = 0;  // as HeldAt has it
  ObjectId example{};
  LabelId member{};
};

struct Whereabouts {
  uint64_t object;  // address and type, see whereabouts_key()
  uint64_t place;   // signature
};

struct HeapCensus {
  std::map<std::string, Tally> types;              // alive, by type name
  std::unordered_map<uint64_t, uint64_t> kinds;    // alive, by kind_hash()
  std::unordered_map<uint64_t, HeldAt> paths;      // by signature
  std::vector<uint64_t> order;                     // signatures, holders before what they hold
  std::unordered_map<uint64_t, StoredAt> storage;  // by signature of holder and member
  std::vector<Whereabouts> objects;                // in the order of the search
  uint64_t threads = 0;                            // that hold something in a call
};

// "weakref" in CPython 3.9, "weakref.ReferenceType" since, "weakref.KeyedRef".
bool is_weak_reference(std::string_view type_name);

HeapCensus take_census(const Heap& heap, RetainingPaths& paths);

}  // namespace reftally
