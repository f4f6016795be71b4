#include "analyzer/flavours/word_states.h"

#include <algorithm>

namespace reftally {

WordStates::WordStates(const Image& image) : image_(image), states_(image.regions.size()) {}

WordState WordStates::at(uint64_t address) const {
  const ImageRegion* region = any_ ? image_.region_at(address) : nullptr;
  if (!region) return WordState::kUnexplained;
  const std::vector<uint8_t>& states = states_[region - image_.regions.data()];
  return states.empty() ? WordState::kUnexplained : WordState{states[(address - region->address) / 8]};
}

std::vector<uint8_t>& WordStates::states_of(const ImageRegion& region) {
  std::vector<uint8_t>& states = states_[&region - image_.regions.data()];
  if (states.empty()) states.resize(region.word_count);
  any_ = true;
  return states;
}

void WordStates::set(uint64_t address, WordState state) {
  const ImageRegion* region = image_.region_at(address);
  if (region) states_of(*region)[(address - region->address) / 8] = static_cast<uint8_t>(state);
}

bool WordStates::explain(uint64_t address) {
  const ImageRegion* region = image_.region_at(address);
  if (!region) return false;
  uint8_t& state = states_of(*region)[(address - region->address) / 8];
  if (state == static_cast<uint8_t>(WordState::kExplained)) return false;
  state = static_cast<uint8_t>(WordState::kExplained);
  return true;
}

void WordStates::bury(uint64_t begin, uint64_t end) {
  for (begin &= ~uint64_t{7}; begin < end;) {
    const ImageRegion* region = image_.region_at(begin);
    if (!region) return;
    uint8_t* states = states_of(*region).data();
    const uint64_t stop = std::min(end, region->end());
    for (; begin < stop; begin += 8) {
      uint8_t& state = states[(begin - region->address) / 8];
      if (state == static_cast<uint8_t>(WordState::kUnexplained)) state = static_cast<uint8_t>(WordState::kDead);
    }
  }
}

}  // namespace reftally
