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

bool WordStates::explain_unaligned(uint64_t address) { return explained_unaligned_.insert(address).second; }

bool WordStates::fill_region_at(uint64_t address) {
  const ImageRegion* region = image_.region_at(address);
  if (!region) return false;
  std::vector<Group>& groups = groups_[static_cast<size_t>(region - image_.regions.data())];
  if (groups.empty()) groups.resize((region->word_count + 63) / 64);
  filled_ = {region->address, 8 * region->word_count, groups.data()};
  return true;
}

void WordStates::bury(uint64_t begin, uint64_t end) {
  for (begin &= ~uint64_t{7}; begin < end && fill_at(begin); begin = filled_.begin + filled_.bytes) {
    const uint64_t stop = std::min((end - filled_.begin + 7) / 8, filled_.bytes / 8);
    for (uint64_t i = (begin - filled_.begin) / 8; i < stop; i = (i / 64 + 1) * 64)
      filled_.groups[i / 64].dead |= bits_between(i, stop);
  }
}

}  // namespace reftally
