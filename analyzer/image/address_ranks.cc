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

AddressRanks::Page& AddressRanks::next_page_to_fill(uint64_t page) {
  const auto fresh = static_cast<uint32_t>(pages_.size() / kGroup);
  const uint32_t group = groups_.find_or_add(page << kPageBits, fresh);
  if (group == fresh) pages_.resize(pages_.size() + kGroup);
  filled_ = page;
  filled_row_ = group * kGroup + (page & (kGroup - 1));
  Page& filled = pages_[filled_row_];
  if (filled.is_empty()) filled.before = rows_;
  return filled;
}

}  // namespace reftally
