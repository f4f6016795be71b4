#include "analyzer/flavours/word_states.h"

namespace reftally {

WordStates::WordStates(const Image& image) : image_(image), states_(image.regions.size()) {}

WordState WordStates::at(uint64_t address) const {
  const ImageRegion* region = any_ ? image_.region_at(address) : nullptr;
  if (!region) return WordState::kUnexplained;
  const std::vector<uint8_t>& states = states_[region - image_.regions.data()];
  return states.empty() ? WordState::kUnexplained : WordState{states[(address - region->address) / 8]};
}

void WordStates::set(uint64_t address, WordState state) {
  const ImageRegion* region = image_.region_at(address);
  if (!region) return;
  std::vector<uint8_t>& states = states_[region - image_.regions.data()];
  if (states.empty()) states.resize(region->word_count);
  states[(address - region->address) / 8] = static_cast<uint8_t>(state);
  any_ = true;
}

void WordStates::bury(uint64_t begin, uint64_t end) {
  for (uint64_t at = begin & ~uint64_t{7}; at < end; at += 8) {
    if (this->at(at) == WordState::kUnexplained) set(at, WordState::kDead);
  }
}

}  // namespace reftally
