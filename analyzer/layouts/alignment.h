// Where a value may stand. Debug information says so only of what has alignas; of the rest sizes tell.
#pragma once

#include <cstdint>

#include "analyzer/image/debug_types.h"

namespace reftally {

// In bytes, at least 1.
uint64_t alignment_of(const Type& type, int depth = 0);

constexpr uint64_t round_up(uint64_t offset, uint64_t alignment) {
  return (offset + alignment - 1) / alignment * alignment;
}

}  // namespace reftally
