#include "runtime/core/allocator_memory.h"

#include <cstring>

#include "runtime/core/glibc_layout.h"
#include "runtime/core/present_pages.h"

namespace reftally::runtime {
namespace {

uint64_t load(uint64_t address) noexcept {
  uint64_t value;
  memcpy(&value, reinterpret_cast<const void*>(address), sizeof value);
  return value;
}

}  // namespace

AddressRange find_malloc_state(uint64_t begin, uint64_t end) noexcept {
  uint64_t best = 0, state = 0;
  for (uint64_t at = (begin + 15) & ~uint64_t{15}; at + kMallocStateSize <= end; at += 16) {
    uint64_t empty = 0;
    for (uint64_t bin = 0; bin < kBins; bin++) {
      const uint64_t self = at + kBinsOffset - 16 + 16 * bin;
      empty += load(self + 16) == self && load(self + 24) == self;
    }
    if (empty > best) {
      best = empty;
      state = at;
    }
  }
  return best >= kEnoughEmptyBins ? AddressRange{state, state + kMallocStateSize} : AddressRange{};
}

AddressRange AllocatorMemory::around(uint64_t block, uint64_t size) noexcept {
  if (block < last_end_) return {};
  const Mapping* mapping = map_.find(block - 1);
  if (mapping == nullptr || (mapping->flags & dump::kMapRead) == 0) return {};
  const AddressRange range = around_chunk(*mapping, block, size);
  if (range.end > last_end_) last_end_ = range.end;
  return range;
}

AddressRange AllocatorMemory::around_chunk(const Mapping& mapping, uint64_t block, uint64_t size) const noexcept {
  if (block - kChunkHeader < mapping.begin || block % 16 != 0) return {};
  const uint64_t chunk = block - kChunkHeader, field = load(block - 8), chunk_size = field & ~kSizeFlags;
  if (chunk_size < 32 || chunk_size % 16 != 0 || block + size > chunk + chunk_size + 8) return {};  // overwritten
  if ((field & kIsMapped) != 0) {  // a mapping of its own; before an aligned block lies a gap
    const AddressRange range{chunk - load(chunk), chunk + chunk_size};
    return range.begin % kPage == 0 && range.end % kPage == 0 && range.begin <= chunk && range.begin >= mapping.begin
               ? range
               : AddressRange{};
  }
  if ((field & kIsInArenaHeap) != 0) return arena_heap(block);
  return strcmp(mapping.path, "[heap]") == 0 ? AddressRange{mapping.begin, mapping.end} : AddressRange{};
}

AddressRange AllocatorMemory::arena_of_thread(const Mapping& mapping) const noexcept {
  constexpr uint64_t kHeapInfoAtMost = 128;  // the arena's state follows it
  const uint64_t heap = mapping.begin;
  if (heap % kArenaHeapSize != 0 || mapping.path[0] != '\0') return {};
  if ((mapping.flags & dump::kMapRead) == 0 || mapping.end - heap < kHeapInfoAtMost + kMallocStateSize) return {};
  const uint64_t arena = load(heap);
  if (arena <= heap || arena - heap > kHeapInfoAtMost) return {};
  const AddressRange state = find_malloc_state(arena, arena + kMallocStateSize);
  return state.begin == arena ? arena_heap(heap) : AddressRange{};
}

// struct heap_info { mstate arena; heap_info* before; size_t size; size_t mprotect_size; … } at the aligned begin.
AddressRange AllocatorMemory::arena_heap(uint64_t block) const noexcept {
  const uint64_t heap = block & ~(kArenaHeapSize - 1);
  const Mapping* mapping = map_.find(heap);
  if (mapping == nullptr || (mapping->flags & dump::kMapRead) == 0 || heap + 32 > mapping->end) return {};
  const uint64_t arena = load(heap), size = load(heap + 16), writable = load(heap + 24);
  const uint64_t end = heap + (writable > size ? writable : size);
  if (arena == 0 || size == 0 || end - heap > kArenaHeapSize || end % kPage != 0 || block >= end) return {};
  return {heap, end};
}

}  // namespace reftally::runtime
