#include "analyzer/flavours/word_states.h"

#include <algorithm>

namespace reftally {

WordStates::WordStates(const Image& image) : image_(image), groups_(image.regions.size()) {}

WordState WordStates::at(uint64_t address) const {
  const ImageRegion* region = image_.region_at(address);
  const Group* const groups = region ? groups_of(*region) : nullptr;
  if (!groups) return WordState::kUnexplained;
  const uint64_t i = (address - region->address) / 8;
  return groups[i / 64].at(i);
}

WordState WordStates::at_unaligned(uint64_t address) const {
  if (explained_unaligned_.contains(address)) return WordState::kExplained;
  const WordState first = at(address & ~uint64_t{7}), second = at((address & ~uint64_t{7}) + 8);
  if (first == second) return first;
  const bool is_open = first == WordState::kUnexplained || second == WordState::kUnexplained;
  return is_open ? WordState::kUnexplained : WordState::kDead;
}

WordStates::Group* WordStates::groups_to_fill(const ImageRegion& region) {
  std::vector<Group>& groups = groups_[static_cast<size_t>(&region - image_.regions.data())];
  if (groups.empty()) groups.resize((region.word_count + 63) / 64);
  return groups.data();
}

bool WordStates::explain(uint64_t address) {
  if (address % 8 != 0) return explained_unaligned_.insert(address).second;
  const ImageRegion* region = image_.region_at(address);
  if (!region) return false;
  const uint64_t i = (address - region->address) / 8, bit = uint64_t{1} << i % 64;
  uint64_t& explained = groups_to_fill(*region)[i / 64].explained;
  if ((explained & bit) != 0) return false;
  explained |= bit;
  return true;
}

void WordStates::bury(uint64_t begin, uint64_t end) {
  for (begin &= ~uint64_t{7}; begin < end;) {
    const ImageRegion* region = image_.region_at(begin);
    if (!region) return;
    Group* const groups = groups_to_fill(*region);
    const uint64_t stop = (std::min(end, region->end()) - region->address + 7) / 8;
    for (uint64_t i = (begin - region->address) / 8; i < stop; i = (i / 64 + 1) * 64)
      groups[i / 64].dead |= bits_between(i, stop);
    begin = region->end();
  }
}

}  // namespace reftally
