// Where the holders of unexplained units of counts may be, told by words that point at the object and pay for nothing.
#pragma once

#include <cstdint>
#include <vector>

#include "analyzer/graph/reference_graph.h"

namespace reftally {

// Of several the first that applies: nearest to an explanation.
enum class UnexplainedCause : uint8_t {
  kOverpaid = 0,        // more holders than counts
  kUncertainWord,       // a reference of a heap object that is strong or weak
  kUncertainStack,      // such a word on a stack or in a register
  kUncertainElsewhere,  // such a word in static, thread-local or other memory
  kAddressInHeap,       // only addresses of the object in the heap, none with its counts
  kAddressInRoots,      // the same in root memory
  kNoWord,              // nothing in memory points to it
};
inline constexpr size_t kUnexplainedCauses = 7;

struct Unexplained {
  TypeId type;
  UnexplainedCause cause;
  uint64_t objects = 0;
  uint64_t units = 0;  // of their counts, without sign
  ObjectId example;
};

// Counted objects with a remainder, by type and cause, most objects first.
std::vector<Unexplained> find_unexplained(const Heap& heap, const Accounts& accounts);

}  // namespace reftally
