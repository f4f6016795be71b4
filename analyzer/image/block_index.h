// Which block contains an address, in O(1). Blocks over kHugeSize are kept apart, by address: they are few, and a bit
// for each 16 bytes would let one damaged size fill the memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "analyzer/image/address_ranks.h"

namespace reftally {

struct ImageBlock;

class BlockIndex {
 public:
  static constexpr uint32_t kNone = 0xffffffff;

  BlockIndex() = default;
  explicit BlockIndex(std::span<const ImageBlock> blocks);  // by address, disjoint; they must outlive the index

  uint32_t find(uint64_t pointer) const;  // index of the block that contains pointer, or kNone

 private:
  static constexpr uint64_t kHugeSize = 64 << 10;

  uint32_t rows_up_to(const AddressRanks::Page& page, uint64_t pointer) const;
  uint32_t find_huge(uint64_t pointer) const;

  std::span<const ImageBlock> blocks_;
  AddressRanks ranks_;
  std::vector<uint32_t> huge_;  // indexes of blocks over kHugeSize
  uint64_t lowest_ = 0, highest_ = 0;
};

}  // namespace reftally
