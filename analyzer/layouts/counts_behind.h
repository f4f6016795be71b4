// Counts that an object keeps in a block of its own: Android's RefBase, or an `int* counter_` made by a base class.
#pragma once

#include <cstdint>
#include <vector>

#include "analyzer/image/debug_types.h"
#include "analyzer/layouts/counters.h"

namespace reftally {

struct CountBehind {
  uint64_t pointer = 0;  // where the object has the pointer to the count's block
  Counter counter;       // its offset is in that block
};

// Of an object of a class at `address`, whose vtables tell where its virtual bases stand. Only what reads as a count of
// owners.
std::vector<CountBehind> counts_behind(const Type& type, const DebugTypes& types, uint64_t address);

}  // namespace reftally
