// Which block contains an address, in O(1) expected: a hash table from 4 KiB page to the blocks that begin in it
// (and the one that reaches into it). Blocks over kHugeSize are kept apart, by address: they are few, and a page
// each would let one damaged size fill the table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "analyzer/image/page_table.h"

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

  uint32_t find_huge(uint64_t pointer) const;

  std::span<const ImageBlock> blocks_;
  PageTable pages_;             // of blocks that overlap the page
  std::vector<uint32_t> huge_;  // indexes of blocks over kHugeSize
  uint64_t lowest_ = 0, highest_ = 0;
};

}  // namespace reftally
