#include "runtime/core/root_ranges.h"

#include <elf.h>

#include <cstring>

#include "runtime/core/present_pages.h"
#include "runtime/core/recorder.h"
#include "runtime/core/shared_memory.h"
#include "runtime/core/system.h"
#include "runtime/core/thread_stack.h"

namespace reftally::runtime {
namespace {

using dump::RegionKind;

constexpr uint64_t kRedZone = 128;  // x86-64 psABI: used below sp

uint64_t load(uint64_t address) noexcept {
  uint64_t value;
  memcpy(&value, reinterpret_cast<const void*>(address), sizeof value);
  return value;
}

bool starts_with(const char* text, const char* prefix) noexcept { return strncmp(text, prefix, strlen(prefix)) == 0; }

// Writable, or private anonymous memory that a program has made read-only after it was filled. Not devices and rings of
// the kernel, which may block or fault when read.
bool may_hold_roots(const Mapping& mapping) noexcept {
  const bool is_anonymous = mapping.path[0] == '\0' || starts_with(mapping.path, "[anon:");
  if ((mapping.flags & dump::kMapRead) == 0) return false;
  if ((mapping.flags & dump::kMapWrite) == 0) return is_anonymous && (mapping.flags & dump::kMapShared) == 0;
  if (starts_with(mapping.path, "/dev/")) return is_shared_memory(mapping.path);
  return !starts_with(mapping.path, "[v") && !starts_with(mapping.path, "anon_inode:");
}

bool is_libc(const Module& module) noexcept {
  return strstr(module.path, "/libc.so") != nullptr || strstr(module.path, "/libc-2") != nullptr;
}

}  // namespace

bool RootRanges::create() noexcept {
  ranges_ = static_cast<RootRange*>(map_memory(kMaxRanges * sizeof(RootRange)));
  taken_ = static_cast<AddressRange*>(map_memory(kMaxRanges * sizeof(AddressRange)));
  return ranges_ != nullptr && taken_ != nullptr;
}

// Joins [begin, end) with all it touches.
void RootRanges::take(uint64_t begin, uint64_t end) noexcept {
  if (begin >= end) return;
  uint32_t first = 0, high = taken_count_;  // the first range that ends at or after `begin`
  while (first < high) {
    const uint32_t middle = first + (high - first) / 2;
    if (taken_[middle].end < begin)
      first = middle + 1;
    else
      high = middle;
  }
  uint32_t last = first;  // one past the last that begins at or before `end`
  for (; last < taken_count_ && taken_[last].begin <= end; last++) {
    if (taken_[last].begin < begin) begin = taken_[last].begin;
    if (taken_[last].end > end) end = taken_[last].end;
  }
  if (first == last && taken_count_ == kMaxRanges) {
    troubles_->add("memory is cut into too many pieces: some that hold no roots are in the dump as if they did");
    return;
  }
  const uint32_t after = taken_count_ - last;
  memmove(taken_ + first + 1, taken_ + last, after * sizeof *taken_);
  taken_[first] = {begin, end};
  taken_count_ = first + 1 + after;
}

void RootRanges::claim(uint64_t begin, uint64_t end, RegionKind kind, uint32_t thread) noexcept {
  const uint64_t claimed = begin;
  uint32_t low = 0, high = taken_count_;
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    if (taken_[middle].end <= begin)
      low = middle + 1;
    else
      high = middle;
  }
  for (; begin < end; low++) {
    const uint64_t free_end = low < taken_count_ && taken_[low].begin < end ? taken_[low].begin : end;
    if (begin < free_end && count_ < kMaxRanges) ranges_[count_++] = {begin, free_end, kind, thread};
    if (free_end == end) break;
    begin = taken_[low].end;
  }
  take(claimed, end);
}

// A stack we know nothing of: of a fibre, or for signals. In a block it ends with the block, else where one begins.
void RootRanges::claim_foreign_stack(const MemoryMap& map, uint64_t begin, uint32_t number) noexcept {
  LiveBlock block{};
  const Mapping* mapping = map.find(begin);
  if (mapping == nullptr) return;
  uint64_t end = mapping->end;
  if (recorder.live.find_around(begin, block))
    end = block.address + block.size;
  else if (recorder.live.find_first(begin, end, block))
    end = block.address;
  claim(begin, end, RegionKind::kStack, number);
}

// The main thread's control block, and below it the static thread-local storage of all modules: the mapping they lie in
// may go on with others'.
void RootRanges::claim_main_locals(const MemoryMap& map, const ModuleList& modules, uint64_t pointer,
                                   uint32_t number) noexcept {
  constexpr uint64_t kSurplus = 4096;  // for modules opened later, and alignment
  const Mapping* mapping = map.find(pointer);
  if (mapping == nullptr) return;
  uint64_t size = kSurplus;
  for (uint32_t i = 0; i < modules.segment_count(); i++)
    if (modules.segment(i).type == PT_TLS) size += modules.segment(i).end - modules.segment(i).begin + 64;
  const uint64_t begin = page_down(pointer - size), end = page_up(pointer + kThreadControlSize);
  claim(begin > mapping->begin ? begin : mapping->begin, end < mapping->end ? end : mapping->end,
        RegionKind::kThreadLocal, number);
}

void RootRanges::claim_stack(const MemoryMap& map, const ModuleList& modules, const ProgramState& thread,
                             uint32_t number) noexcept {
  const uint64_t sp = thread.registers[kRegisterSp], pointer = thread.thread_pointer;
  const uint64_t used = thread.interrupted ? sp - kRedZone : sp;
  const StackBounds block = stack_block(pointer);
  if (block.high != 0) {  // the thread's control block and its thread-local storage lie at the top of its stack
    claim(block.holds(sp) && used > block.low ? used : block.low, block.high, RegionKind::kStack, number);
    take(block.low, block.high);
    if (!block.holds(sp)) claim_foreign_stack(map, used, number);
    return;
  }
  const Mapping* mapping = map.find(sp);
  if (mapping != nullptr && strcmp(mapping->path, "[stack]") == 0) {
    claim(used > mapping->begin ? used : mapping->begin, mapping->end, RegionKind::kStack, number);
    take(mapping->begin, mapping->end);
  } else {
    claim_foreign_stack(map, used, number);
  }
  claim_main_locals(map, modules, pointer, number);
}

void RootRanges::sort_thread_ranges() noexcept {
  thread_ranges_ = count_;
  for (uint32_t i = 1; i < count_; i++) {
    const RootRange range = ranges_[i];
    uint32_t j = i;
    for (; j > 0 && ranges_[j - 1].begin > range.begin; j--) ranges_[j] = ranges_[j - 1];
    ranges_[j] = range;
  }
}

AddressRange RootRanges::before_thread_memory(uint64_t begin, uint64_t end, uint64_t& next) const noexcept {
  uint32_t low = 0, high = thread_ranges_;
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    if (ranges_[middle].end <= begin)
      low = middle + 1;
    else
      high = middle;
  }
  next = end;
  if (low == thread_ranges_ || ranges_[low].begin >= end) return {begin, end};
  next = ranges_[low].end < end ? ranges_[low].end : end;
  return {begin, ranges_[low].begin > begin ? ranges_[low].begin : begin};
}

void RootRanges::claim_statics(const ModuleList& modules) noexcept {
  for (uint32_t m = 0; m < modules.count(); m++) {
    const Module& module = modules[m];
    for (uint32_t s = 0; s < module.segment_count; s++) {
      const Segment& segment = modules.segment(module.first_segment + s);
      if (segment.type != PT_LOAD || (segment.flags & dump::kMapWrite) == 0) continue;
      if (is_libc(module)) {
        const AddressRange state = find_malloc_state(segment.begin, segment.end);
        take(state.begin, state.end);
      }
      // The dynamic linker's own heap begins in the rest of its last page.
      if (!module.is_agent) claim(segment.begin, page_up(segment.end), RegionKind::kStatic);
      take(page_down(segment.begin), page_up(segment.end));
    }
  }
}

// Of another allocator we know no bounds. Its are the pages with blocks; those beside may be what the program has
// mapped itself, the heap of an interpreter perhaps, for the kernel makes one mapping of both.
void RootRanges::take_pages_of_blocks(const MemoryMap& map, const ModuleList& modules) noexcept {
  uint64_t known_end = 0;
  bool is_static = false;
  recorder.live.for_each_run([&](uint64_t begin, uint64_t end) {
    if (begin >= known_end) {
      const Mapping* mapping = map.find(begin);
      known_end = mapping != nullptr ? mapping->end : end;
      is_static = mapping == nullptr || modules.loaded_segment(begin) != nullptr;
    }
    is_static ? take(begin, end) : take(page_down(begin), page_up(end));
  });
}

void RootRanges::take_blocks(const MemoryMap& map, const ModuleList& modules) noexcept {
  if (recorder.live.spacing() != LiveTable::kGlibcSpacing) return take_pages_of_blocks(map, modules);
  AllocatorMemory allocator(map);
  recorder.live.for_each_run([this](uint64_t begin, uint64_t end) { take(begin, end); });
  recorder.live.for_each([&](const LiveBlock& block) {
    const AddressRange range = allocator.around(block.address, block.size);
    // An allocator of the program's own may have its pool among the statics.
    if (range.begin < range.end && modules.loaded_segment(block.address) == nullptr) take(range.begin, range.end);
  });
  for (uint32_t i = 0; i < map.count(); i++) {
    const AddressRange range = allocator.arena_of_thread(map[i]);
    take(range.begin, range.end);
  }
}

// glibc keeps the stacks of joined threads; scanned as roots they hid 8 of 24 leaked objects (research/native.md H1).
// Their control block points at itself at +0 and +16, and its thread id is cleared.
void RootRanges::take_dead_stacks(const Mapping& mapping) noexcept {
  PresentPages pages;
  pages.for_each_run(mapping, mapping.begin, mapping.end, [&](uint64_t begin, uint64_t end) {
    for (uint64_t at = begin; at < end && at + kThreadControlSize <= mapping.end; at += 64) {
      if (load(at) != at || load(at + 16) != at || !has_ended(at)) continue;
      const StackBounds stack = stack_block(at);
      if (stack.high == 0 || stack.high > mapping.end) continue;
      claim(at + 8, at + 16, RegionKind::kOther);  // its vector of thread-local storage, kept for the next thread
      take(stack.low, stack.high);
    }
  });
}

void RootRanges::claim_rest(const MemoryMap& map) noexcept {
  constexpr uint64_t kLargeFile = 64u << 20;  // a shared file as large as this is a data base, not a place for pointers
  for (uint32_t i = 0; i < map.count(); i++) {
    const Mapping& mapping = map[i];
    if (!may_hold_roots(mapping)) continue;
    const bool is_file = mapping.path[0] == '/' && (mapping.flags & dump::kMapShared) != 0;
    if (is_file && !is_shared_memory(mapping.path) && mapping.end - mapping.begin > kLargeFile)
      troubles_->add("shared mappings of files larger than 64 MB were not searched for roots");
    else
      claim(mapping.begin, mapping.end, RegionKind::kOther);
  }
}

void RootRanges::find(const MemoryMap& map, const ModuleList& modules, const ProgramState* const* threads,
                      uint32_t count, Troubles& troubles) noexcept {
  constexpr uint64_t kSmallestStack = 16384, kLargestStack = 1ull << 36;
  count_ = taken_count_ = 0;
  troubles_ = &troubles;
  for (uint32_t i = 0; i < own_range_count(); i++) take(own_range(i).begin, own_range(i).end);
  for (uint32_t i = 0; i < count; i++) claim_stack(map, modules, *threads[i], i + 1);
  sort_thread_ranges();
  take_blocks(map, modules);
  claim_statics(modules);
  for (uint32_t i = 0; i < map.count() && recorder.fork_birth == 0; i++) {
    const uint64_t size = map[i].end - map[i].begin;
    if (may_hold_roots(map[i]) && map[i].path[0] == '\0' && size >= kSmallestStack && size < kLargestStack)
      take_dead_stacks(map[i]);
  }
  claim_rest(map);
}

}  // namespace reftally::runtime
