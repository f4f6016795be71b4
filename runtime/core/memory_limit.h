// What the program may have of memory (ulimit -v, -d, or limits it sets itself), of which the agent takes a share.
#pragma once

#include <cstdint>

namespace reftally::runtime {

// Too little for the agent's tables beside the program's memory.
bool memory_is_scarce() noexcept;
// Whether all that the agent has mapped, and `bytes` more, is a small part of what the program may have.
bool leaves_enough_memory(uint64_t bytes) noexcept;

}  // namespace reftally::runtime
