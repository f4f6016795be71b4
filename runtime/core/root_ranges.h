// The memory that may hold roots, as disjoint ranges of one kind each.
//
// Roots are the used part of stacks, thread-local storage, the writable segments of modules (by program headers, never
// by lines of /proc/self/maps: an anonymous arena can merge with a .bss), and what is left of readable memory when the
// blocks and the rest of the allocator's, the agent's and dead stacks are taken away. What comes first takes.
#pragma once

#include <cstdint>

#include "runtime/core/allocator_memory.h"
#include "runtime/core/memory_map.h"
#include "runtime/core/program_state.h"
#include "runtime/core/troubles.h"

namespace reftally::runtime {

struct RootRange {
  uint64_t begin, end;
  dump::RegionKind kind;
  uint32_t thread;  // index into threads + 1; 0 none
};

class RootRanges {
 public:
  bool create() noexcept;
  void find(const MemoryMap& map, const ModuleList& modules, const ProgramState* const* threads, uint32_t count,
            Troubles& troubles) noexcept;

  uint32_t count() const noexcept { return count_; }
  const RootRange& operator[](uint32_t i) const noexcept { return ranges_[i]; }
  // The part of [begin, end) before the first stack or thread-local range in it, and where the next part begins: those
  // ranges have their words under their own kind even where they lie in a block (fibres).
  AddressRange before_thread_memory(uint64_t begin, uint64_t end, uint64_t& next) const noexcept;

 private:
  static constexpr uint32_t kMaxRanges = 1u << 22;

  void take(uint64_t begin, uint64_t end) noexcept;
  void claim(uint64_t begin, uint64_t end, dump::RegionKind kind, uint32_t thread = 0) noexcept;
  void claim_stack(const MemoryMap& map, const ModuleList& modules, const ProgramState& thread,
                   uint32_t number) noexcept;
  void claim_main_locals(const MemoryMap& map, const ModuleList& modules, uint64_t pointer, uint32_t number) noexcept;
  void claim_foreign_stack(const MemoryMap& map, uint64_t begin, uint32_t number) noexcept;
  void claim_statics(const ModuleList& modules) noexcept;
  void take_blocks(const MemoryMap& map, const ModuleList& modules) noexcept;
  void take_pages_of_blocks(const MemoryMap& map, const ModuleList& modules) noexcept;
  void take_dead_stacks(const Mapping& mapping) noexcept;
  void claim_rest(const MemoryMap& map) noexcept;
  void sort_thread_ranges() noexcept;

  RootRange* ranges_ = nullptr;
  uint32_t count_ = 0;
  uint32_t thread_ranges_ = 0;     // the first so many are stacks and thread-local storage, by address
  AddressRange* taken_ = nullptr;  // disjoint, by address
  uint32_t taken_count_ = 0;
  Troubles* troubles_ = nullptr;  // of the dump that is written
};

}  // namespace reftally::runtime
