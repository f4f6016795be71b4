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
  size_t page_count = 0;
  uint64_t previous = ~uint64_t{0};
  auto for_each_page = [&](const ImageBlock& block, auto visit) {
    const uint64_t first = PageTable::page_of(block.address);
    const uint64_t last = block.size > kHugeSize ? first : PageTable::page_of(last_byte(block));
    for (uint64_t page = first; page <= last; ++page) visit(page);
  };
  for (const ImageBlock& block : blocks) {
    for_each_page(block, [&](uint64_t page) {
      page_count += page != previous;
      previous = page;
    });
  }
  pages_ = PageTable(page_count);
  for (uint32_t i = 0; i < blocks.size(); ++i) {
    if (blocks[i].size > kHugeSize) huge_.push_back(i);
    for_each_page(blocks[i], [&](uint64_t page) { pages_.add(page, i); });
  }
}

uint32_t BlockIndex::find(uint64_t pointer) const {
  if (blocks_.empty() || pointer - lowest_ > highest_ - lowest_) return kNone;
  const PageTable::Rows rows = pages_.find(PageTable::page_of(pointer));
  const ImageBlock* first = blocks_.data() + rows.first;
  const ImageBlock* after = std::upper_bound(first, first + rows.count, pointer,
                                             [](uint64_t p, const ImageBlock& block) { return p < block.address; });
  if (after != first && (after - 1)->contains(pointer)) return static_cast<uint32_t>(after - 1 - blocks_.data());
  return huge_.empty() ? kNone : find_huge(pointer);
}

uint32_t BlockIndex::find_huge(uint64_t pointer) const {
  auto after = std::upper_bound(huge_.begin(), huge_.end(), pointer,
                                [&](uint64_t p, uint32_t block) { return p < blocks_[block].address; });
  if (after == huge_.begin()) return kNone;
  const uint32_t candidate = *(after - 1);
  return blocks_[candidate].contains(pointer) ? candidate : kNone;
}

}  // namespace reftally
