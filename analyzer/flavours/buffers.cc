#include "analyzer/flavours/buffers.h"

#include <algorithm>

namespace reftally {

namespace {

// Nodes of lists, trees and tables, closures, private implementations: freed as a whole, so all their words are in use.
// Buffers of deques have 512 bytes, pools and rings are larger still.
constexpr uint64_t kLargestNode = 256;

}  // namespace

Buffers::Buffers(const Image& image, const Holders& holders) : image_(image), holders_(holders) {}

Buffers::Ends Buffers::find_ends(const Image& image) {
  Ends ends;
  if (image.blocks.empty()) return ends;
  const uint64_t lowest = image.blocks.front().address;
  const uint64_t span = image.blocks.back().address + image.blocks.back().size - lowest;
  for (const ImageRegion& region : image.regions) {
    if (region.kind == dump::RegionKind::kRelro) continue;
    for (uint64_t i = 0; i + 2 < region.word_count; ++i) {
      const uint64_t begin = region.words[i], end = region.words[i + 1], limit = region.words[i + 2];
      if (begin - lowest >= span || limit <= begin || end < begin || end > limit) continue;
      const uint32_t block = image.block_at(begin);
      if (block == Image::kNoBlock || image.blocks[block].address != begin) continue;
      if (image.block_size(limit - begin) != image.blocks[block].size) continue;
      auto [known, added] = ends.try_emplace(block, end);
      if (!added) known->second = std::min(known->second, end);
    }
  }
  return ends;
}

bool Buffers::may_be_stale(uint32_t block, uint64_t at) const {
  if (holders_.is_carved(block)) return true;
  if (!ends_) ends_ = find_ends(image_);
  if (const auto end = ends_->find(block); end != ends_->end()) return at >= end->second;
  return image_.blocks[block].size > kLargestNode;
}

}  // namespace reftally
