// What keeps the analysis of a huge dump from taking down the machine it runs on.
#pragma once

#include <cstdint>

namespace reftally {

// Bytes of memory this process may use from now on: beyond them allocations throw std::bad_alloc. 0: as much as the
// machine has free now, swap included. Without it Linux promises more than it has, and then kills some process.
void limit_memory(uint64_t bytes);

}  // namespace reftally
