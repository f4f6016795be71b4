// Rows of a table sorted by address: how many of them begin at or before a pointer, told by a bit for every 16 bytes
// that a row begins in. A lookup touches 40 bytes a page, which its neighbours' lookups have touched, and not the
// rows: a binary search in those, or a hash of whole addresses, misses the cache at each step (a third of the lift
// once).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace reftally {

// Numbers for the 64 KiB pieces of the address space that anything lies in.
class AddressGroups {
 public:
  static constexpr int kBits = 16;
  static constexpr uint32_t kNone = 0xffffffff;

  uint32_t find(uint64_t address) const {
    const uint64_t group = address >> kBits;
    for (size_t i = slot_of(group); slots_[i].number != kNone; i = (i + 1) & (slots_.size() - 1))
      if (slots_[i].group == group) return slots_[i].number;
    return kNone;
  }
  // The number it has, or else this one from now on.
  uint32_t find_or_add(uint64_t address, uint32_t number);

 private:
  struct Slot {
    uint64_t group = 0;
    uint32_t number = kNone;
  };

  // Fibonacci hashing, Knuth 6.4
  size_t slot_of(uint64_t group) const {
    return static_cast<size_t>((group * 0x9e3779b97f4a7c15u) >> 32) & (slots_.size() - 1);
  }
  void grow();

  std::vector<Slot> slots_ = std::vector<Slot>(16);  // open addressing, size a power of two
  size_t used_ = 0;
};

class AddressRanks {
 public:
  static constexpr int kPageBits = 12, kGranuleBits = 4;

  struct Page {
    uint64_t starts[4] = {};  // by 16 bytes of the page
    uint32_t before = 0;      // rows that begin before the page
    bool is_crowded = false;  // two rows begin in the same 16 bytes: `starts` says too little
    bool is_uneven = false;   // a row begins at no multiple of 16

    // Rows that begin in or before the pointer's 16 bytes.
    uint32_t rank(uint64_t pointer) const {
      const unsigned granule = pointer >> kGranuleBits & 0xff;
      uint32_t rows = before + ones(starts[granule / 64] & (~uint64_t{0} >> (63 - granule % 64)));
      for (unsigned i = 0; i < granule / 64; ++i) rows += ones(starts[i]);
      return rows;
    }
    bool is_start(uint64_t pointer) const {
      const unsigned granule = pointer >> kGranuleBits & 0xff;
      return (starts[granule / 64] >> granule % 64 & 1) != 0;
    }

   private:
    // Without the processor's own instruction, which the oldest of them lack, std::popcount is a call.
    static uint32_t ones(uint64_t bits) {
      bits -= bits >> 1 & 0x5555555555555555;
      bits = (bits & 0x3333333333333333) + (bits >> 2 & 0x3333333333333333);
      return static_cast<uint32_t>(((bits + (bits >> 4)) & 0x0f0f0f0f0f0f0f0f) * 0x0101010101010101 >> 56);
    }
  };

  // Rows in order. `last` is the last byte by which it is to be found, at least `first`.
  void add(uint64_t first, uint64_t last);

  // Null where no row lies.
  const Page* page(uint64_t pointer) const {
    const uint32_t group = groups_.find(pointer);
    return group == AddressGroups::kNone ? nullptr : &pages_[group * kGroup + (pointer >> kPageBits & (kGroup - 1))];
  }

 private:
  static constexpr size_t kGroup = size_t{1} << (AddressGroups::kBits - kPageBits);  // pages of one

  Page& page_to_fill(uint64_t page);

  AddressGroups groups_;
  std::vector<Page> pages_;  // kGroup for each number
  uint32_t rows_ = 0;
};

}  // namespace reftally
