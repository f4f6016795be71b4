// The blocks of glibc's malloc in the memory of a process: every arena walked from chunk to chunk, those mapped on
// their own found by their headers, and what only looks used taken out again: chunks in fastbins and thread caches.
// Source: glibc 2.26 to 2.40, malloc/malloc.c and arena.c. Sizes are what a chunk can hold, not what was asked for.
#pragma once

#include <string>
#include <vector>

#include "analyzer/image/core_memory.h"

namespace reftally {

struct MemoryRange {
  uint64_t begin = 0, end = 0;
};

struct GlibcHeap {
  std::vector<ImageBlock> blocks;   // by address
  std::vector<MemoryRange> memory;  // of the allocator, used and free; disjoint, by address
  MemoryRange state;                // of the main arena: no roots
  std::vector<std::string> warnings;
};

// `modules` as modules_of_core() tells them. Throws Error when no malloc of glibc's is there.
GlibcHeap read_glibc_heap(const CoreMemory& memory, const std::vector<ImageModule>& modules);

}  // namespace reftally
