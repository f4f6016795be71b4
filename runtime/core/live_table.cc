#include "runtime/core/live_table.h"

#include <algorithm>

namespace reftally::runtime {

bool LiveTable::create(uint32_t spacing) noexcept {
  slot_shift_ = spacing >= 32 ? 5 : spacing >= 16 ? 4 : 3;
  return group_memory_.make(0) != nullptr && region_memory_.make(0, region_size()) != nullptr &&
         region_list_.make(0) != nullptr;
}

uint32_t LiveTable::region_count() const noexcept {
  const uint64_t used = region_list_used_.load(std::memory_order_acquire);
  return static_cast<uint32_t>(std::min({used, uint64_t{kMaxRegionsUsed}, region_list_.made()}));
}

// The loser of a race wastes untouched address space only, here and with a region.
LiveTable::Group* LiveTable::make_group(uint64_t region) noexcept {
  std::atomic<Group*>& place = groups_[region >> kGroupShift];
  Group* there = place.load(std::memory_order_acquire);
  if (there != nullptr) return there;
  Group* const fresh = group_memory_.make(groups_made_.fetch_add(1, std::memory_order_relaxed));
  if (fresh == nullptr || place.compare_exchange_strong(there, fresh, std::memory_order_acq_rel)) return fresh;
  return there;
}

LiveTable::Entries LiveTable::make_region(uint64_t region) noexcept {
  Group* const group = region < kRegions ? make_group(region) : nullptr;
  if (group == nullptr) return nullptr;
  void* const memory = region_memory_.make(regions_made_.fetch_add(1, std::memory_order_relaxed), region_size());
  if (memory == nullptr) return nullptr;
  const auto fresh = static_cast<Entries>(memory);
  Entries there = nullptr;
  if (!group->regions[region % (1u << kGroupShift)].compare_exchange_strong(there, fresh, std::memory_order_acq_rel))
    return there;
  const uint32_t number = region_list_used_.fetch_add(1, std::memory_order_acq_rel);
  uint32_t* const place = number < kMaxRegionsUsed ? region_list_.make(number) : nullptr;
  if (place == nullptr) return nullptr;  // a snapshot would not find it
  *place = static_cast<uint32_t>(region);
  return fresh;
}

std::atomic<uint64_t>* LiveTable::entry(uint64_t address) const noexcept {
  const Entries entries = entries_of(address >> kRegionShift);
  return entries != nullptr ? entries + slot_of(address) : nullptr;
}

bool LiveTable::add(uint64_t address, uint64_t size, uint32_t stack, uint32_t birth) noexcept {
  Entries entries = entries_of(address >> kRegionShift);
  if (entries == nullptr && (entries = make_region(address >> kRegionShift)) == nullptr) return false;
  const uint64_t slot = slot_of(address);
  births_of(entries)[slot] = birth;
  entries[slot].store(1 | place_in_slot(address) | uint64_t{stack} << 3 | size << 27, std::memory_order_release);
  return true;
}

void LiveTable::remove(uint64_t address) noexcept {
  if (std::atomic<uint64_t>* slot = entry(address)) slot->store(0, std::memory_order_release);
}

bool LiveTable::contains(uint64_t address) const noexcept {
  const std::atomic<uint64_t>* slot = entry(address);
  return slot != nullptr && slot->load(std::memory_order_relaxed) != 0;
}

bool LiveTable::find(uint64_t address, LiveBlock& block) const noexcept {
  const Entries entries = entries_of(address >> kRegionShift);
  const uint64_t slot = slot_of(address);
  const uint64_t value = entries != nullptr ? entries[slot].load(std::memory_order_relaxed) : 0;
  if (!is_of(value, address)) return false;
  block = {address, value >> 27, static_cast<uint32_t>(value >> 3 & kMaxStack), births_of(entries)[slot]};
  return true;
}

bool LiveTable::find_around(uint64_t address, LiveBlock& block) const noexcept {
  constexpr uint64_t kFar = 64u << 20;
  uint64_t at = address >> slot_shift_;
  const uint64_t last = address > kFar ? (address - kFar) >> slot_shift_ : 0;
  for (; at > last; at--) {
    const uint64_t region = at << slot_shift_ >> kRegionShift, slot = at & (slots() - 1);
    const Entries entries = entries_of(region);
    if (entries == nullptr) {
      at &= ~(slots() - 1);  // to the region before
      continue;
    }
    const uint64_t entry = entries[slot].load(std::memory_order_relaxed);
    if (entry == 0) continue;
    block = block_of(region, slot, entry, births_of(entries)[slot]);
    if (block.address <= address) return address - block.address <= block.size;
  }
  return false;
}

bool LiveTable::find_first(uint64_t begin, uint64_t end, LiveBlock& block) const noexcept {
  for (uint64_t at = begin >> slot_shift_; at << slot_shift_ < end; at++) {
    const uint64_t region = at << slot_shift_ >> kRegionShift, slot = at & (slots() - 1);
    const Entries entries = entries_of(region);
    if (entries == nullptr) {
      at |= slots() - 1;  // to the region after
      continue;
    }
    const uint64_t entry = entries[slot].load(std::memory_order_relaxed);
    if (entry == 0) continue;
    block = block_of(region, slot, entry, births_of(entries)[slot]);
    if (block.address >= begin) return block.address < end;
  }
  return false;
}

void LiveTable::sort_regions() noexcept {
  // Insertion sort: regions are born almost in order, and a new one costs 4 MiB of heap.
  for (uint32_t i = 1; i < region_count(); i++) {
    uint32_t value = region_list_[i];
    uint32_t j = i;
    for (; j > 0 && region_list_[j - 1] > value; j--) region_list_[j] = region_list_[j - 1];
    region_list_[j] = value;
  }
}

}  // namespace reftally::runtime
