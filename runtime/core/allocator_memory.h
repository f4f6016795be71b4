// What of the memory is the allocator's: live blocks, which a dump has apart, and free ones full of stale words. No
// root.
#pragma once

#include <cstdint>

#include "runtime/core/memory_map.h"

namespace reftally::runtime {

struct AddressRange {
  uint64_t begin, end;
};

// The allocator's state in libc's data (struct malloc_state): it points at free chunks, whose addresses lie inside the
// last bytes of the block before them. An empty range when it is not found. Found by its bins, no symbol needed.
AddressRange find_malloc_state(uint64_t begin, uint64_t end) noexcept;

// Finds the range of glibc's memory around a live block. Blocks must come by address.
class AllocatorMemory {
 public:
  explicit AllocatorMemory(const MemoryMap& map) noexcept : map_(map) {}

  // An empty range when `block` lies in the range before, or when its surroundings are not to be trusted.
  AddressRange around(uint64_t block, uint64_t size) noexcept;
  // What a thread's arena has in this mapping, whether or not a block lives there: the thread may be gone, and have
  // freed all that it took. An empty range where no arena begins.
  AddressRange arena_of_thread(const Mapping& mapping) const noexcept;

 private:
  AddressRange around_chunk(const Mapping& mapping, uint64_t block, uint64_t size) const noexcept;
  AddressRange arena_heap(uint64_t block) const noexcept;

  const MemoryMap& map_;
  uint64_t last_end_ = 0;
};

}  // namespace reftally::runtime
