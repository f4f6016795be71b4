// The live blocks: a shadow of the address space, one 8-byte entry for a slot of heap, no locks.
//
// The address space is cut into regions of 4 MiB; a region that ever held a block has an array of entries, one a
// slot, found through a table of two levels (a table of one would reserve 256 MiB). A slot is as small as two block
// starts can be apart: 32 bytes with glibc, 8 with an unknown allocator. Free is one store. Measured
// (research/native.md H4): 1.05 to 1.10x on allocation-heavy programs, where 16-byte entries cost 1.18x.
//
// Behind the entries stands when each block was born: 4 bytes a slot, written on birth alone, so that free stays one
// store. See birth_clock.h.
//
// entry := 0 free, else bit 0 set | bits 1-2: address bits 3-4 within the slot | bits 3-26: StackId | bits 27-63: size
#pragma once

#include <atomic>
#include <cstdint>

#include "runtime/core/growing_memory.h"

namespace reftally::runtime {

struct LiveBlock {
  uint64_t address, size;
  uint32_t stack;
  uint32_t birth;  // birth_clock.h; 0 unknown
};

class LiveTable {
 public:
  static constexpr uint32_t kMaxStack = (1u << 24) - 1;
  static constexpr uint32_t kGlibcSpacing = 32;

  // `spacing`: 8, 16 or 32 bytes between two block starts at least. False when there is no memory.
  bool create(uint32_t spacing) noexcept;
  uint32_t spacing() const noexcept { return 1u << slot_shift_; }

  bool add(uint64_t address, uint64_t size, uint32_t stack,
           uint32_t birth) noexcept;               // false: no memory for the region
  void remove(uint64_t address) noexcept;          // of a block that is there: looks at nothing
  bool contains(uint64_t address) const noexcept;  // or another in its slot, whose place add() would take
  bool find(uint64_t address, LiveBlock& block) const noexcept;

  // The block that `address` points into, its end included; looks at most 64 MiB back.
  bool find_around(uint64_t address, LiveBlock& block) const noexcept;
  // The first block that begins in [begin, end).
  bool find_first(uint64_t begin, uint64_t end, LiveBlock& block) const noexcept;

  // Calls visit(LiveBlock) for every block by address. Only for a stopped process: sorts the list of regions.
  template <class Visit>
  void for_each(Visit visit) noexcept {
    sort_regions();
    for (uint32_t i = 0; i < region_count(); i++) {
      const uint64_t region = region_list_[i];
      const Entries entries = entries_of(region);
      if (entries == nullptr) continue;  // the thread that made it was stopped before it wrote the list
      for (uint64_t slot = 0; slot < slots(); slot++)
        if (uint64_t entry = entries[slot].load(std::memory_order_relaxed))
          visit(block_of(region, slot, entry, births_of(entries)[slot]));
    }
  }

  // Calls visit(begin, end) for every run of blocks at most 32 bytes apart, by address, begin and end multiples of 8. A
  // region of words for each block would cost more than the chunk header between two.
  template <class Visit>
  void for_each_run(Visit visit) noexcept {
    constexpr uint64_t kGap = 32;
    uint64_t begin = 0, end = 0;
    for_each([&](const LiveBlock& block) {
      const uint64_t block_end = (block.address + block.size + 7) & ~uint64_t{7};
      if (begin == 0 || block.address > end + kGap) {
        if (begin < end) visit(begin, end);
        begin = end = block.address;
      }
      if (block_end > end) end = block_end;  // it may lie inside the one before: an allocator's block in another's
    });
    if (begin < end) visit(begin, end);
  }

 private:
  static constexpr uint32_t kRegionShift = 22;
  static constexpr uint64_t kRegions = 1ull << (47 - kRegionShift);
  static constexpr uint32_t kMaxRegionsUsed = 1u << 20;  // 4 TiB of heap
  static constexpr uint32_t kGroupShift = 12;            // regions of a group: 16 GiB of addresses

  using Entries = std::atomic<uint64_t>*;  // of a region; behind them their births
  struct Group {
    std::atomic<Entries> regions[1u << kGroupShift];
  };

  uint32_t* births_of(Entries entries) const noexcept { return reinterpret_cast<uint32_t*>(entries + slots()); }
  uint64_t region_size() const noexcept { return slots() * (sizeof(uint64_t) + sizeof(uint32_t)); }
  Entries entries_of(uint64_t region) const noexcept {  // nullptr: it never held a block
    const Group* group = region < kRegions ? groups_[region >> kGroupShift].load(std::memory_order_acquire) : nullptr;
    return group != nullptr ? group->regions[region % (1u << kGroupShift)].load(std::memory_order_acquire) : nullptr;
  }
  LiveBlock block_of(uint64_t region, uint64_t slot, uint64_t entry, uint32_t birth) const noexcept {
    return {region << kRegionShift | slot << slot_shift_ | (entry >> 1 & 3) << 3, entry >> 27,
            static_cast<uint32_t>(entry >> 3 & kMaxStack), birth};
  }
  // Bits 1-2 of an entry.
  uint64_t place_in_slot(uint64_t address) const noexcept {
    return (address >> 3 & ((1ull << (slot_shift_ - 3)) - 1)) << 1;
  }
  // Whether the block of that slot begins at this address, and not beside it.
  bool is_of(uint64_t entry, uint64_t address) const noexcept {
    return entry != 0 && (entry & 6) == place_in_slot(address);
  }
  uint64_t slots() const noexcept { return 1ull << (kRegionShift - slot_shift_); }
  uint64_t slot_of(uint64_t address) const noexcept { return (address & ((1ull << kRegionShift) - 1)) >> slot_shift_; }
  uint32_t region_count() const noexcept;                         // of the list, as far as there is memory for it
  std::atomic<uint64_t>* entry(uint64_t address) const noexcept;  // nullptr: in no region
  Group* make_group(uint64_t region) noexcept;
  Entries make_region(uint64_t region) noexcept;
  void sort_regions() noexcept;

  std::atomic<Group*> groups_[kRegions >> kGroupShift]{};
  uint32_t slot_shift_ = 5;
  std::atomic<uint32_t> groups_made_{0}, regions_made_{0}, region_list_used_{0};
  GrowingArray<Group, 1> group_memory_;
  GrowingMemory<3> region_memory_;  // in pieces: few mappings of our own
  GrowingArray<uint32_t, 12> region_list_;
};

}  // namespace reftally::runtime
