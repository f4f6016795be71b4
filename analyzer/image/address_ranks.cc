#include "analyzer/image/address_ranks.h"

namespace reftally {

uint32_t AddressGroups::find_or_add(uint64_t address, uint32_t number) {
  if (2 * (used_ + 1) > slots_.size()) grow();
  const uint64_t group = address >> kBits;
  size_t i = slot_of(group);
  while (slots_[i].number != kNone && slots_[i].group != group) i = (i + 1) & (slots_.size() - 1);
  if (slots_[i].number == kNone) {
    slots_[i] = {group, number};
    ++used_;
  }
  return slots_[i].number;
}

void AddressGroups::grow() {
  std::vector<Slot> old(2 * slots_.size());
  old.swap(slots_);
  used_ = 0;
  for (const Slot& slot : old)
    if (slot.number != kNone) find_or_add(slot.group << kBits, slot.number);
}

AddressRanks::Page& AddressRanks::page_to_fill(uint64_t page) {
  const auto fresh = static_cast<uint32_t>(pages_.size() / kGroup);
  const uint32_t group = groups_.find_or_add(page << kPageBits, fresh);
  if (group == fresh) pages_.resize(pages_.size() + kGroup);
  return pages_[group * kGroup + (page & (kGroup - 1))];
}

void AddressRanks::add(uint64_t first, uint64_t last) {
  Page& page = page_to_fill(first >> kPageBits);
  const bool is_fresh = page.before == 0 && (page.starts[0] | page.starts[1] | page.starts[2] | page.starts[3]) == 0;
  if (is_fresh) page.before = rows_;
  const unsigned granule = first >> kGranuleBits & 0xff;
  page.is_crowded |= page.is_start(first);
  page.is_uneven |= first % (1u << kGranuleBits) != 0;
  page.starts[granule / 64] |= uint64_t{1} << granule % 64;
  ++rows_;
  for (uint64_t covered = (first >> kPageBits) + 1; covered <= last >> kPageBits; ++covered)
    page_to_fill(covered).before = rows_;
}

}  // namespace reftally
