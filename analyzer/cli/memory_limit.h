// What keeps the analysis of a huge dump from taking down the machine it runs on.
#pragma once

#include <cstdint>

namespace reftally {

// Bytes of memory this process may use from now on: beyond them allocations throw std::bad_alloc. 0: as much as
// memory_room() has now. Returns how much it may have, a limit that it was started with included.
uint64_t limit_memory(uint64_t bytes);

}  // namespace reftally
