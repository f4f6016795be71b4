// What the typed walk has said about each word of memory, so that the scan of words says nothing twice.
#pragma once

#include <cstdint>
#include <unordered_set>
#include <vector>

#include "analyzer/image/image.h"

namespace reftally {

enum class WordState : uint8_t {
  kUnexplained = 0,  // no type says anything: a reference of any kind may be here
  kExplained = 1,    // a reference was found here, or none, for certain
  kDead = 2,         // inside a typed value but in no live member: padding, slack beyond a container's size, plain data
};

// Two bits a word, 64 words beside each other: values are buried, and words passed over, many at once.
class WordStates {
 public:
  explicit WordStates(const Image& image);

  WordState at(uint64_t address) const;
  // Of a word that does not stand at a multiple of 8: what is said of it, or of the two it lies in.
  WordState at_unaligned(uint64_t address) const;
  // False where there is no memory, or it is explained already.
  bool explain(uint64_t address) {
    if (address % 8 != 0) return explain_unaligned(address);
    if (!fill_at(address)) return false;
    const uint64_t i = (address - filled_.begin) / 8, bit = uint64_t{1} << i % 64;
    uint64_t& explained = filled_.groups[i / 64].explained;
    const bool is_new = (explained & bit) == 0;
    explained |= bit;
    return is_new;
  }
  // Unexplained words of [begin, end) become dead; explained ones stay.
  void bury(uint64_t begin, uint64_t end);
  // Calls visit(address, word, state) for each known word in [begin, end) that is not explained.
  template <class Visit>
  void for_each_open(uint64_t begin, uint64_t end, Visit visit) const;
  void release() {  // nobody asks any more
    std::vector<std::vector<Group>>().swap(groups_);
    filled_ = {};
    explained_unaligned_.clear();
  }

 private:
  struct Group {
    uint64_t explained = 0, dead = 0;  // a word that is both is explained
    WordState at(uint64_t i) const {
      if ((explained >> i % 64 & 1) != 0) return WordState::kExplained;
      return (dead >> i % 64 & 1) != 0 ? WordState::kDead : WordState::kUnexplained;
    }
  };

  const Group* groups_of(const ImageRegion& region) const {
    const std::vector<Group>& groups = groups_[static_cast<size_t>(&region - image_.regions.data())];
    return groups.empty() ? nullptr : groups.data();
  }
  bool explain_unaligned(uint64_t address);
  // The region that is filled from now on; false where there is none. Most words are in the region of the one before.
  bool fill_at(uint64_t address) { return address - filled_.begin < filled_.bytes || fill_region_at(address); }
  bool fill_region_at(uint64_t address);

  struct Filled {
    uint64_t begin = 0, bytes = 0;
    Group* groups = nullptr;
  };
  const Image& image_;
  std::unordered_set<uint64_t> explained_unaligned_;
  std::vector<std::vector<Group>> groups_;  // by region; empty until one of its words is set
  Filled filled_;                           // the region of the last word that was set
};

template <class Visit>
void WordStates::for_each_open(uint64_t begin, uint64_t end, Visit visit) const {
  image_.for_each_group(begin, end, [&](const ImageRegion& region, uint64_t first, uint64_t wanted) {
    const Group* const groups = groups_of(region);
    const Group group = groups ? groups[first / 64] : Group{};
    for (wanted &= ~group.explained; wanted != 0; wanted &= wanted - 1) {
      const uint64_t i = first + static_cast<uint64_t>(std::countr_zero(wanted));
      visit(region.address + 8 * i, region.words[i], group.at(i));
    }
  });
}

}  // namespace reftally
