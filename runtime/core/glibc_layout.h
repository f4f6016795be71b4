// What glibc keeps where, as far as it is no ABI: facts that the agent needs inside the process, and the analyzer of
// its core. glibc 2.26 to 2.40, malloc/malloc.c and arena.c; of struct pthread 2.36.
#pragma once

#include <cstdint>

namespace reftally::runtime {

// ---- chunks and arenas

inline constexpr uint64_t kChunkHeader = 16;  // size of the chunk before, own size and flags
inline constexpr uint64_t kBeforeIsUsed = 1, kIsMapped = 2, kIsInArenaHeap = 4, kSizeFlags = 7;
inline constexpr uint64_t kArenaHeapSize = 64u << 20;  // HEAP_MAX_SIZE, also its alignment
// struct malloc_state
inline constexpr uint64_t kBins = 127;  // pairs of words that point at themselves while empty
inline constexpr uint64_t kBinsOffset = 112, kMallocStateSize = 2200;
inline constexpr uint64_t kEnoughEmptyBins = 24;  // most bins of a busy heap are not empty, but never all

// ---- threads

// The size of struct pthread, and where it has the thread's id: after tcbhead_t (704 bytes) and a list node, as gdb
// knows.
inline constexpr uint64_t kThreadControlSize = 0x900, kThreadIdOffset = 0x2d0;

struct StackBounds {
  uint64_t low = 0,
           high = 0;  // [low, high): for another thread than main its control block lies at the top, above high
  bool holds(uint64_t address) const noexcept { return address - low < high - low; }
};

// The whole memory that glibc mapped (or was given) for the stack of the thread with this control block, its guard page
// too; an empty range when the words that say so are not there: not a thread that glibc made, or the main thread. They
// are searched for. `load(address)` is the word there.
template <class Load>
StackBounds stack_block_of(uint64_t thread_pointer, Load load) noexcept {
  constexpr uint64_t kMaxSize = 1ull << 36, kPage = 4096;
  for (uint64_t offset = 0; offset + 16 <= kThreadControlSize; offset += 8) {
    const uint64_t low = load(thread_pointer + offset), size = load(thread_pointer + offset + 8);
    if (low == 0 || low % 16 != 0 || size > kMaxSize || low >= thread_pointer) continue;
    const uint64_t above = low + size - thread_pointer;  // the control block and what alignment left
    if (low + size > thread_pointer && above >= kThreadControlSize / 2 && above < kThreadControlSize + 2 * kPage)
      return {low, low + size};
  }
  return {};
}

}  // namespace reftally::runtime
