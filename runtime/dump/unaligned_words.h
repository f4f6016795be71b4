// Addresses that do not stand at a multiple of 8: in packed structures, in buffers of bytes, in epoll_event. Looked for
// where memory is read as words, by both sides.
#pragma once

#include <cstdint>

namespace reftally::dump {

namespace unaligned {

// Whether one of the seven words that straddle `first` and `second` can have zeros in its top 16 bits and be no less
// than `lowest`: by far most of them are passed over here.
inline bool may_be_address(uint64_t first, uint64_t second, uint64_t lowest) {
  if (second == 0) return first >> 8 >= lowest;
  constexpr uint64_t kLowSeven = 0x7f7f7f7f7f7f7f7f, kPairsBelow = 0x0000808080808080;
  const uint64_t zero_bytes = ~(((second & kLowSeven) + kLowSeven) | second | kLowSeven);
  return (zero_bytes & zero_bytes >> 8 & kPairsBelow) != 0 || (first >> 56 == 0 && (second & 0xff) == 0);
}

}  // namespace unaligned

// Calls visit(offset, word) for each of them that lies in [lowest, lowest + span) and is a multiple of 8, as what
// pointers to objects are.
template <class Visit>
void for_each_unaligned(uint64_t first, uint64_t second, uint64_t lowest, uint64_t span, Visit visit) {
  if (!unaligned::may_be_address(first, second, lowest)) return;
  for (uint64_t offset = 1; offset < 8; offset++) {
    const uint64_t word = first >> 8 * offset | second << (64 - 8 * offset);
    if (word - lowest < span && word % 8 == 0) visit(offset, word);
  }
}

}  // namespace reftally::dump
