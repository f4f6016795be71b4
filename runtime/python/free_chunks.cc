#include "runtime/python/free_chunks.h"

namespace reftally::python {
namespace {

constexpr uint64_t kSizeBits = ~uint64_t{7}, kPreviousInUse = 1, kHeader = 16, kSmallest = 32;
constexpr uint64_t kCacheChunk = 0x290, kCacheBins = 64;  // tcache_perthread_struct: 64 counts of 16 bits, 64 lists
constexpr size_t kMostRanges = 1u << 20, kMostCached = 1u << 12;

}  // namespace

void FreeChunks::reserve() noexcept {
  ranges_.reserve(kMostRanges);
  cached_.reserve(kMostCached);
}

// The first chunk of the heap is the main thread's cache. Its lists are singly linked, and from glibc 2.32 on each
// link is xor-ed with its own place shifted by a page.
void FreeChunks::add_thread_cache(Address cache, Address end) noexcept {
  for (uint64_t bin = 0; bin < kCacheBins; bin++) {
    Address block = pointer_at(cache + 2 * kCacheBins + 8 * bin);
    for (int i = read<uint16_t>(cache + 2 * bin); i > 0 && cached_.size() < kMostCached; i--) {
      if (block < cache || block >= end || (block & 15) != 0) break;
      cached_.push(block - kHeader);
      const Address link = pointer_at(block);
      const Address plain = link ^ block >> 12;
      block = plain > cache && plain < end && (plain & 15) == 0 ? plain : link;
    }
  }
}

void FreeChunks::find(Address begin, Address end) noexcept {
  if ((pointer_at(begin + 8) & kSizeBits) != kCacheChunk) return;
  add_thread_cache(begin + kHeader, end);
  for (Address chunk = begin; chunk + kSmallest <= end && ranges_.size() < kMostRanges;) {
    const uint64_t size = pointer_at(chunk + 8) & kSizeBits;
    if (size < kSmallest || size > end - chunk) break;
    const Address next = chunk + size;
    const bool top = next + kHeader > end;
    if (top || (pointer_at(next + 8) & kPreviousInUse) == 0) ranges_.push({chunk + kHeader, next});
    chunk = next;
  }
}

bool FreeChunks::contains(Address place) const noexcept {
  const size_t low = ranges_.partition_point([&](const auto& row) { return row.end <= place; });
  if (low < ranges_.size() && ranges_[low].begin <= place) return true;
  for (const Address chunk : cached_) {
    const uint64_t size = pointer_at(chunk + 8) & kSizeBits;
    if (place >= chunk + kHeader && place < chunk + size) return true;
  }
  return false;
}

}  // namespace reftally::python
