// What the typed walk has said about each word of memory, so that the scan of words says nothing twice.
#pragma once

#include <cstdint>
#include <vector>

#include "analyzer/image/image.h"

namespace reftally {

enum class WordState : uint8_t {
  kUnexplained = 0,  // no type says anything: a reference of any kind may be here
  kExplained = 1,    // a reference was found here, or none, for certain
  kDead = 2,         // inside a typed value but in no live member: padding, slack beyond a container's size, plain data
};

class WordStates {
 public:
  explicit WordStates(const Image& image);

  WordState at(uint64_t address) const;
  void set(uint64_t address, WordState state);
  bool explain(uint64_t address);  // false where there is no memory, or it is explained already
  // Unexplained words of [begin, end) become dead; explained ones stay.
  void bury(uint64_t begin, uint64_t end);
  void release() { std::vector<std::vector<uint8_t>>().swap(states_); }  // nobody asks any more

 private:
  std::vector<uint8_t>& states_of(const ImageRegion& region);

  const Image& image_;
  std::vector<std::vector<uint8_t>> states_;  // by region; empty until one of its words is set
  bool any_ = false;
};

}  // namespace reftally
