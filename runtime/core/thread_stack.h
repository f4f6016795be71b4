// Where the stack of a thread lies, as glibc keeps it in the thread control block (struct pthread).
#pragma once

#include <cstdint>

#include "runtime/core/glibc_layout.h"

namespace reftally::runtime {

uint64_t current_thread_pointer() noexcept;

StackBounds stack_block(uint64_t thread_pointer) noexcept;
// True when the control block at this address is of a thread that has ended: the kernel made its thread id 0, or
// pthread_join -1.
bool has_ended(uint64_t thread_pointer) noexcept;

// The stack the calling thread was started with; computed once a thread. Async-signal-safe.
StackBounds own_stack() noexcept;

}  // namespace reftally::runtime
