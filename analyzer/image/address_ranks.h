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
    uint64_t starts[4] = {};         // by 16 bytes of the page
    uint32_t before = 0;             // rows that begin before the page
    uint8_t before_quarter[3] = {};  // bits of `starts` before the second, third and fourth of its words
    bool is_crowded : 1 = false;     // two rows begin in the same 16 bytes: `starts` says too little
    bool is_uneven : 1 = false;      // a row begins at no multiple of 16

    // Rows that begin in or before the pointer's 16 bytes.
    uint32_t rank(uint64_t pointer) const {
      const unsigned granule = pointer >> kGranuleBits & 0xff, quarter = granule / 64;
      const uint32_t rows = before + (quarter != 0 ? before_quarter[quarter - 1] : 0);
      return rows + ones(starts[quarter] & (~uint64_t{0} >> (63 - granule % 64)));
    }
    bool is_start(uint64_t pointer) const {
      const unsigned granule = pointer >> kGranuleBits & 0xff;
      return (starts[granule / 64] >> granule % 64 & 1) != 0;
    }
    // The pointer is a row's own address, and `rank` tells which; false where that is not known without the rows.
    bool is_sure_start(uint64_t pointer) const {
      return !is_crowded && !is_uneven && pointer % (1u << kGranuleBits) == 0 && is_start(pointer);
    }
    bool is_empty() const { return (starts[0] | starts[1] | starts[2] | starts[3]) == 0; }
    void add_start(uint64_t pointer) {
      const unsigned granule = pointer >> kGranuleBits & 0xff, quarter = granule / 64;
      const uint64_t bit = uint64_t{1} << granule % 64;
      is_uneven |= pointer % (1u << kGranuleBits) != 0;
      if ((starts[quarter] & bit) != 0) {
        is_crowded = true;
        return;
      }
      starts[quarter] |= bit;
      for (unsigned i = 0; i < 3; ++i) before_quarter[i] += quarter <= i;
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
  void add(uint64_t first, uint64_t last) {
    page_to_fill(first >> kPageBits).add_start(first);
    ++rows_;
    for (uint64_t covered = (first >> kPageBits) + 1; covered <= last >> kPageBits; ++covered) page_to_fill(covered);
  }

  // Null where no row lies.
  const Page* page(uint64_t pointer) const {
    const uint32_t group = groups_.find(pointer);
    return group == AddressGroups::kNone ? nullptr : &pages_[group * kGroup + (pointer >> kPageBits & (kGroup - 1))];
  }

 private:
  static constexpr size_t kGroup = size_t{1} << (AddressGroups::kBits - kPageBits);  // pages of one

  // Rows come in order, and most begin in the page of the one before.
  Page& page_to_fill(uint64_t page) { return page == filled_ ? pages_[filled_row_] : next_page_to_fill(page); }
  Page& next_page_to_fill(uint64_t page);

  AddressGroups groups_;
  std::vector<Page> pages_;  // kGroup for each number
  uint32_t rows_ = 0;
  uint64_t filled_ = ~uint64_t{0};  // page that was filled last
  size_t filled_row_ = 0;           // where it stands in pages_
};

}  // namespace reftally
