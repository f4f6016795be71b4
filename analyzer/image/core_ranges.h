// What the memory of a core is: stacks, thread-local storage, statics, the allocator's, the rest. As the agent does it
// in a living process (runtime/core/root_ranges.h): what comes first takes.
#pragma once

#include <vector>

#include "analyzer/image/core_memory.h"
#include "analyzer/image/glibc_heap.h"

namespace reftally {

struct CoreRange {
  uint64_t begin = 0, end = 0;
  dump::RegionKind kind{};
  uint32_t thread = 0;  // index into the core's threads + 1; 0 none
};

// By address, disjoint; without kHeap, which is told by the blocks.
std::vector<CoreRange> root_ranges(const CoreMemory& memory, const std::vector<ImageModule>& modules,
                                   const GlibcHeap& heap);

}  // namespace reftally
