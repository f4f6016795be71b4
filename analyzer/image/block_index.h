// Which block contains an address, in O(1) expected: a hash table from 4 KiB page to the blocks that begin in it
// (and the one that reaches into it). Blocks over kHugeSize are kept apart, by address: they are few, and a page
// each would let one damaged size fill the table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace reftally {

struct ImageBlock;

class BlockIndex {
 public:
  static constexpr uint32_t kNone = 0xffffffff;

  BlockIndex() = default;
  explicit BlockIndex(std::span<const ImageBlock> blocks);  // by address, disjoint; they must outlive the index

  uint32_t find(uint64_t pointer) const;  // index of the block that contains pointer, or kNone

 private:
  struct Page {
    uint64_t number = kNoPage;
    uint32_t first = 0, count = 0;  // blocks [first, first + count) overlap the page
  };
  static constexpr uint64_t kNoPage = ~uint64_t{0};
  static constexpr int kPageBits = 12;
  static constexpr uint64_t kHugeSize = 64 << 10;

  Page& slot(uint64_t page);
  const Page* find_page(uint64_t page) const;
  uint32_t find_huge(uint64_t pointer) const;

  std::span<const ImageBlock> blocks_;
  std::vector<Page> pages_;     // open addressing, size a power of two
  std::vector<uint32_t> huge_;  // indexes of blocks over kHugeSize
  uint64_t lowest_ = 0, highest_ = 0;
};

}  // namespace reftally
