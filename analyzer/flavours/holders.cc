#include "analyzer/flavours/holders.h"

#include <algorithm>

#include "analyzer/base/error.h"
#include "analyzer/base/huge_pages.h"

namespace reftally {

Holders::Holders(const Image& image, const CountedObjects& counted)
    : image_(image),
      counted_(counted),
      counted_count_(static_cast<uint32_t>(counted.objects.size())),
      first_extra_(static_cast<uint32_t>(counted.objects.size() + image.blocks.size())) {
  require(counted.objects.size() + image.blocks.size() < kCarved, "the heap has fewer than 2^32 objects");
  assign_column(owner_, image.blocks.size(), HolderId{0});
  for (uint32_t block = 0; block < owner_.size(); ++block) owner_[block] = own_id(block);
  for (uint32_t i = 0; i < counted_count_; ++i) {
    const CountedObject& object = counted.objects[i];
    if (object.block == Image::kNoBlock) continue;
    if (is_carved(object.block)) {
      carved_.at(object.block).last = i + 1;
      continue;
    }
    const ImageBlock& block = image.blocks[object.block];
    const bool whole = object.begin() <= block.address && object.end >= block.address + block.size;
    owner_[object.block] = whole ? i : kCarved;
    if (!whole) carved_.emplace(object.block, Range{i, i + 1});
  }
  for (uint32_t i = 0; i < counted_count_; ++i) {
    const CountedObject& object = counted.objects[i];
    if (object.owns_value_block && is_free(object.value_block)) owner_[object.value_block] = i;
  }
}

HolderId Holders::in_block(uint32_t block, uint64_t pointer) const {
  if (owner_[block] != kCarved) return owner_[block];
  const auto [first, last] = carved_.at(block);
  const auto begin = counted_.objects.begin();
  const auto after = std::upper_bound(begin + first, begin + last, pointer,
                                      [](uint64_t p, const CountedObject& object) { return p < object.begin(); });
  if (after == begin + first || pointer >= (after - 1)->end) return own_id(block);
  return static_cast<HolderId>(after - 1 - begin);
}

HolderId Holders::block_begun_by(HolderId counted) const {
  const CountedObject& object = counted_.objects[counted];
  const bool begins = object.block != Image::kNoBlock && is_carved(object.block) &&
                      object.address == image_.blocks[object.block].address;
  return begins ? own_id(object.block) : kNoHolder;
}

HolderId Holders::at(uint64_t pointer) const {
  const uint32_t block = image_.block_at(pointer);
  return block == Image::kNoBlock ? kNoHolder : in_block(block, pointer);
}

HolderId Holders::current(HolderId holder) const {
  while (is_block(holder)) {
    const HolderId owner = owner_[block_of(holder)];
    if (owner == kCarved || owner == holder) break;
    holder = owner;
  }
  return holder;
}

void Holders::give(uint32_t block, HolderId holder) {
  require(is_free(block), "a block has one owner");
  if (current(holder) != own_id(block)) owner_[block] = current(holder);
}

HolderId Holders::add_extra() { return first_extra_ + extra_count_++; }

}  // namespace reftally
