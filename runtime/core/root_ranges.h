// The memory that may hold roots, as ranges of one kind each.
#pragma once

#include <cstdint>

#include "runtime/core/memory_map.h"
#include "runtime/dump/format.h"

namespace reftally::runtime {

struct RootRange {
  uint64_t begin, end;
  dump::RegionKind kind;
  uint32_t thread;  // index into threads + 1; 0 none
};

class RootRanges {
 public:
  bool create() noexcept;
  // `threads_run_on`: some thread could not be stopped, so a stack nobody claims may still be one.
  void find(const MemoryMap& map, const ModuleList& modules, const dump::ThreadRecord* threads, uint32_t thread_count,
            bool threads_run_on) noexcept;

  uint32_t count() const noexcept { return count_; }
  const RootRange& operator[](uint32_t i) const noexcept { return ranges_[i]; }

 private:
  static constexpr uint32_t kMaxRanges = 1u << 17;

  void add(uint64_t begin, uint64_t end, dump::RegionKind kind, uint32_t thread = 0) noexcept;
  void exclude(uint64_t begin, uint64_t end) noexcept;
  void find_statics(const ModuleList& modules) noexcept;
  void find_stacks(const MemoryMap& map, const dump::ThreadRecord* threads, uint32_t thread_count) noexcept;
  void exclude_allocator(const MemoryMap& map) noexcept;
  void exclude_dead_stacks(const Mapping& mapping, const dump::ThreadRecord* threads, uint32_t thread_count) noexcept;
  void add_rest(const MemoryMap& map) noexcept;
  void sort_taken() noexcept;

  RootRange* ranges_ = nullptr;
  uint32_t count_ = 0;
  struct Taken {
    uint64_t begin, end;
  };
  Taken* taken_ = nullptr;  // accounted for: as a root above, or as no root at all
  uint32_t taken_count_ = 0;
};

}  // namespace reftally::runtime
