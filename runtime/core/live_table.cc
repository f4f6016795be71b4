#include "runtime/core/live_table.h"

#include "runtime/core/system.h"

namespace reftally::runtime {

bool LiveTable::create(uint32_t spacing) noexcept {
  slot_shift_ = spacing >= 32 ? 5 : spacing >= 16 ? 4 : 3;
  // Address space only: pages come when a region is first used. The pool covers 512 GiB of heap.
  pool_size_ = (512ull << 30 >> slot_shift_) * sizeof(uint64_t);
  regions_ = static_cast<std::atomic<std::atomic<uint64_t>*>*>(map_memory(kRegions * sizeof(*regions_)));
  region_list_ = static_cast<uint32_t*>(map_memory(kMaxRegionsUsed * sizeof(uint32_t)));
  pool_ = static_cast<char*>(map_memory(pool_size_));
  for (; pool_ == nullptr && pool_size_ > (64u << 20); pool_ = static_cast<char*>(map_memory(pool_size_)))
    pool_size_ /= 8;  // a limit on address space (ulimit -v): take what there is
  births_ = static_cast<uint32_t*>(map_memory(pool_size_ / 2));
  return regions_ != nullptr && region_list_ != nullptr && pool_ != nullptr;
}

uint32_t LiveTable::region_count() const noexcept {
  uint32_t used = region_list_used_.load(std::memory_order_acquire);
  return used < kMaxRegionsUsed ? used : kMaxRegionsUsed;
}

std::atomic<uint64_t>* LiveTable::make_region(uint64_t region) noexcept {
  const uint64_t bytes = slots() * sizeof(uint64_t);
  uint64_t offset = pool_used_.fetch_add(bytes, std::memory_order_relaxed);
  if (offset + bytes > pool_size_) return nullptr;
  auto* fresh = reinterpret_cast<std::atomic<uint64_t>*>(pool_ + offset);
  std::atomic<uint64_t>* expected = nullptr;
  // The loser of a race wastes untouched address space only.
  if (!regions_[region].compare_exchange_strong(expected, fresh, std::memory_order_acq_rel)) return expected;
  uint32_t slot = region_list_used_.fetch_add(1, std::memory_order_acq_rel);
  if (slot < kMaxRegionsUsed) region_list_[slot] = static_cast<uint32_t>(region);
  return fresh;
}

std::atomic<uint64_t>* LiveTable::entry(uint64_t address, bool make) noexcept {
  const uint64_t region = address >> kRegionShift;
  if (region >= kRegions) return nullptr;
  std::atomic<uint64_t>* entries = regions_[region].load(std::memory_order_acquire);
  if (entries == nullptr) {
    if (!make || (entries = make_region(region)) == nullptr) return nullptr;
  }
  return entries + ((address & ((1ull << kRegionShift) - 1)) >> slot_shift_);
}

bool LiveTable::add(uint64_t address, uint64_t size, uint32_t stack, uint32_t birth) noexcept {
  std::atomic<uint64_t>* slot = entry(address, true);
  if (slot == nullptr) return false;
  if (births_ != nullptr) births_[slot - reinterpret_cast<std::atomic<uint64_t>*>(pool_)] = birth;
  slot->store(1 | place_in_slot(address) | uint64_t{stack} << 3 | size << 27, std::memory_order_release);
  return true;
}

void LiveTable::remove(uint64_t address) noexcept {
  if (std::atomic<uint64_t>* slot = entry(address, false)) slot->store(0, std::memory_order_release);
}

bool LiveTable::contains(uint64_t address) const noexcept {
  auto* slot = const_cast<LiveTable*>(this)->entry(address, false);
  return slot != nullptr && slot->load(std::memory_order_relaxed) != 0;
}

bool LiveTable::find(uint64_t address, LiveBlock& block) const noexcept {
  auto* slot = const_cast<LiveTable*>(this)->entry(address, false);
  uint64_t value = slot != nullptr ? slot->load(std::memory_order_relaxed) : 0;
  if (!is_of(value, address)) return false;
  block = {address, value >> 27, static_cast<uint32_t>(value >> 3 & kMaxStack), birth_of(slot)};
  return true;
}

bool LiveTable::find_around(uint64_t address, LiveBlock& block) const noexcept {
  constexpr uint64_t kFar = 64u << 20;
  uint64_t at = address >> slot_shift_;
  const uint64_t last = address > kFar ? (address - kFar) >> slot_shift_ : 0;
  for (; at > last; at--) {
    const uint64_t region = at << slot_shift_ >> kRegionShift, slot = at & (slots() - 1);
    const std::atomic<uint64_t>* entries =
        region < kRegions ? regions_[region].load(std::memory_order_acquire) : nullptr;
    if (entries == nullptr) {
      at &= ~(slots() - 1);  // to the region before
      continue;
    }
    const uint64_t entry = entries[slot].load(std::memory_order_relaxed);
    if (entry == 0) continue;
    block = block_of(region, slot, entry, birth_of(entries + slot));
    if (block.address <= address) return address - block.address <= block.size;
  }
  return false;
}

bool LiveTable::find_first(uint64_t begin, uint64_t end, LiveBlock& block) const noexcept {
  for (uint64_t at = begin >> slot_shift_; at << slot_shift_ < end; at++) {
    const uint64_t region = at << slot_shift_ >> kRegionShift, slot = at & (slots() - 1);
    const std::atomic<uint64_t>* entries =
        region < kRegions ? regions_[region].load(std::memory_order_acquire) : nullptr;
    if (entries == nullptr) {
      at |= slots() - 1;  // to the region after
      continue;
    }
    const uint64_t entry = entries[slot].load(std::memory_order_relaxed);
    if (entry == 0) continue;
    block = block_of(region, slot, entry, birth_of(entries + slot));
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
