// Memory of the agent for a table that may become large, had as it is needed: in pieces, each twice as large as the one
// before, that never move. What is only reserved counts too where a program limits its own memory (RLIMIT_AS,
// RLIMIT_DATA) and where the system promises no more than it has (vm.overcommit_memory 2). No locks.
#pragma once

#include <atomic>
#include <cstdint>

namespace reftally::runtime {

namespace growing {

inline constexpr uint32_t kMostPieces = 24;

struct Pieces {
  std::atomic<uint64_t> bias[kMostPieces];  // address of a piece, less what stands before it; 0: none yet
  std::atomic<bool> exhausted;              // no memory once: not asked again
};

// Maps a piece, unless another thread was first. False: there is no memory, or the program needs it more.
bool make_piece(Pieces& pieces, uint32_t number, uint64_t first, uint64_t bytes) noexcept;

}  // namespace growing

// Elements of `size` bytes, the same in every call; the first piece has 1 << kFirst of them.
template <uint32_t kFirst>
class GrowingMemory {
 public:
  // nullptr: no memory. Zeros when it is new.
  void* make(uint32_t i, uint64_t size) noexcept {
    const uint64_t number = i + (uint64_t{1} << kFirst);
    const uint32_t piece = piece_of(number);
    if (piece >= growing::kMostPieces) return nullptr;
    if (pieces_.bias[piece].load(std::memory_order_acquire) == 0) {
      const uint64_t elements = uint64_t{1} << (kFirst + piece);
      if (!growing::make_piece(pieces_, piece, elements * size, elements * size)) return nullptr;
    }
    return at(i, size);
  }
  // One that was made.
  void* at(uint32_t i, uint64_t size) const noexcept {
    const uint64_t number = i + (uint64_t{1} << kFirst);
    return reinterpret_cast<void*>(pieces_.bias[piece_of(number)].load(std::memory_order_acquire) + number * size);
  }
  // Elements 0 … made() - 1 are there.
  uint64_t made() const noexcept {
    uint32_t pieces = 0;
    while (pieces < growing::kMostPieces && pieces_.bias[pieces].load(std::memory_order_acquire) != 0) pieces++;
    return ((uint64_t{1} << pieces) - 1) << kFirst;
  }
  bool exhausted() const noexcept { return pieces_.exhausted.load(std::memory_order_relaxed); }

 private:
  static uint32_t piece_of(uint64_t number) noexcept {
    return 63 - static_cast<uint32_t>(__builtin_clzll(number)) - kFirst;
  }

  growing::Pieces pieces_{};
};

template <class T, uint32_t kFirst>
class GrowingArray : GrowingMemory<kFirst> {
  using Memory = GrowingMemory<kFirst>;

 public:
  using Memory::exhausted, Memory::made;
  T* make(uint32_t i) noexcept { return static_cast<T*>(Memory::make(i, sizeof(T))); }
  T& operator[](uint32_t i) const noexcept { return *static_cast<T*>(Memory::at(i, sizeof(T))); }
};

}  // namespace reftally::runtime
