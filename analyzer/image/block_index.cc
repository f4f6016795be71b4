#include "analyzer/image/block_index.h"

#include <algorithm>

#include "analyzer/image/image.h"

namespace reftally {

namespace {

// Last byte of a block; an empty block still has one address of its own.
uint64_t last_byte(const ImageBlock& block) { return block.address + (block.size ? block.size - 1 : 0); }

}  // namespace

BlockIndex::BlockIndex(std::span<const ImageBlock> blocks) : blocks_(blocks) {
  if (blocks.empty()) return;
  lowest_ = blocks.front().address;
  highest_ = last_byte(blocks.back());
  for (uint32_t i = 0; i < blocks.size(); ++i) {
    const bool is_huge = blocks[i].size > kHugeSize;
    if (is_huge) huge_.push_back(i);
    ranks_.add(blocks[i].address, is_huge ? blocks[i].address : last_byte(blocks[i]));
  }
}

uint32_t BlockIndex::find(uint64_t pointer) const {
  if (blocks_.empty() || pointer - lowest_ > highest_ - lowest_) return kNone;
  if (const AddressRanks::Page* page = ranks_.page(pointer)) {
    if (page->is_sure_start(pointer)) return page->rank(pointer) - 1;  // most are; their rows need not be loaded
    const uint32_t rows = rows_up_to(*page, pointer);
    if (rows != 0 && blocks_[rows - 1].contains(pointer)) return rows - 1;
  }
  return huge_.empty() ? kNone : find_huge(pointer);
}

// Blocks that begin at or before the pointer.
uint32_t BlockIndex::rows_up_to(const AddressRanks::Page& page, uint64_t pointer) const {
  if (page.is_crowded) {
    const auto first = blocks_.begin() + page.before;
    const auto last = first + std::min<ptrdiff_t>(blocks_.end() - first, ptrdiff_t{1} << AddressRanks::kPageBits);
    return static_cast<uint32_t>(
        std::upper_bound(first, last, pointer, [](uint64_t p, const ImageBlock& block) { return p < block.address; }) -
        blocks_.begin());
  }
  const uint32_t rows = page.rank(pointer);
  return rows - (page.is_uneven && rows != 0 && blocks_[rows - 1].address > pointer);
}

uint32_t BlockIndex::find_huge(uint64_t pointer) const {
  auto after = std::upper_bound(huge_.begin(), huge_.end(), pointer,
                                [&](uint64_t p, uint32_t block) { return p < blocks_[block].address; });
  if (after == huge_.begin()) return kNone;
  const uint32_t candidate = *(after - 1);
  return blocks_[candidate].contains(pointer) ? candidate : kNone;
}

}  // namespace reftally
