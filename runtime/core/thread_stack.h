// Where the stack of a thread lies, as glibc keeps it in the thread control block (struct pthread).
#pragma once

#include <cstdint>

namespace reftally::runtime {

struct StackBounds {
  uint64_t low = 0,
           high = 0;  // [low, high): for another thread than main its control block lies at the top, above high
  bool holds(uint64_t address) const noexcept { return address - low < high - low; }
};

// struct pthread is no ABI: its size is that of glibc 2.36, and the two words that describe the stack are searched for.
inline constexpr uint64_t kThreadControlSize = 0x900;

uint64_t current_thread_pointer() noexcept;

// The whole memory that glibc mapped (or was given) for the stack of the thread with this control block, its guard page
// too; an empty range when the words are not there: not a thread that glibc made, or the main thread.
StackBounds stack_block(uint64_t thread_pointer) noexcept;
// True when the control block at this address is of a thread that has ended: the kernel made its thread id 0, or
// pthread_join -1.
bool has_ended(uint64_t thread_pointer) noexcept;

// The stack the calling thread was started with; computed once a thread. Async-signal-safe.
StackBounds own_stack() noexcept;

}  // namespace reftally::runtime
