// The call stack of an allocation, as a node of the table of stacks.
//
// Two captures of one thread mostly share all but a few inner frames. So each thread remembers its last stack: for
// every frame the registers on arrival and the two slots that the step to its caller read. The next walk goes out only
// until it arrives at a remembered frame with the same registers whose remaining slots still hold what they held: by
// induction every further step would be the same. Measured (research/native.md H4): 1.2x instead of 1.75x on a
// shared_ptr graph, and never a frame different from a full walk, until there are so many stacks (StackTable::crowded)
// that recursions are cut short.
#pragma once

#include <cstdint>

#include "runtime/core/unwinder.h"

namespace reftally::runtime {

struct ThreadState;

// The stack of the calling thread from `caller` on; 0 when the table is full.
uint32_t capture_stack(ThreadState& thread, const Registers& caller) noexcept;

// The same, and remembered for known_stack() (stack_memo.h), which did not know it: for reference count events, which
// few places tell over and over.
uint32_t capture_repeated_stack(ThreadState& thread, const Registers& caller) noexcept;

// The same by whichever is less work where the thread allocates: most programs come by the same stacks again, a
// recursion over a tree hardly ever.
uint32_t birth_stack(ThreadState& thread, const Registers& caller) noexcept;

}  // namespace reftally::runtime
