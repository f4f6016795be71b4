#include "runtime/core/root_ranges.h"

#include <elf.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstring>

#include "runtime/core/recorder.h"
#include "runtime/core/system.h"

namespace reftally::runtime {
namespace {

constexpr uint64_t kPage = 4096;
constexpr uint64_t kRedZone = 128;  // x86-64 psABI: used below sp

// glibc 2.26 to 2.40, malloc/malloc.c and arena.c.
constexpr uint64_t kArenaHeapSize = 64u << 20;  // HEAP_MAX_SIZE, also its alignment
constexpr uint64_t kBins = 127;                 // pairs of words that point at themselves while empty
constexpr uint64_t kBinsOffset = 112;           // of malloc_state.bins
constexpr uint64_t kMallocStateSize = 2200;
constexpr uint64_t kTcbTail = 0x900;         // struct pthread, after the thread pointer
constexpr uint64_t kLargeBlock = 64u << 10;  // smaller blocks are never mapped on their own (M_MMAP_THRESHOLD)

uint64_t load(uint64_t address) noexcept {
  uint64_t value;
  memcpy(&value, reinterpret_cast<const void*>(address), sizeof value);
  return value;
}

uint64_t page_down(uint64_t address) noexcept { return address & ~(kPage - 1); }
uint64_t page_up(uint64_t address) noexcept { return (address + kPage - 1) & ~(kPage - 1); }

// libc's main_arena lies in its data and points at free chunks, whose addresses lie inside the last bytes of the block
// before them: no root. Found by its bins, no symbol needed.
bool find_malloc_state(uint64_t begin, uint64_t end, uint64_t& state) noexcept {
  uint64_t best = 0;
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
  return best >= 24;
}

bool is_private_writable(const Mapping& mapping) noexcept {
  constexpr uint32_t kWanted = dump::kMapRead | dump::kMapWrite;
  if ((mapping.flags & kWanted) != kWanted) return false;
  if (mapping.path[0] == '/') {
    // Shared anonymous memory has a name of its own; devices may block or fault when read.
    return strncmp(mapping.path, "/dev/zero", 9) == 0 || strncmp(mapping.path, "/dev/", 5) != 0;
  }
  return strncmp(mapping.path, "[v", 2) != 0;
}

}  // namespace

bool RootRanges::create() noexcept {
  ranges_ = static_cast<RootRange*>(map_memory(kMaxRanges * sizeof(RootRange)));
  taken_ = static_cast<Taken*>(map_memory(kMaxRanges * sizeof(Taken)));
  return ranges_ != nullptr && taken_ != nullptr;
}

void RootRanges::exclude(uint64_t begin, uint64_t end) noexcept {
  if (begin < end && taken_count_ < kMaxRanges) taken_[taken_count_++] = {begin, end};
}

void RootRanges::add(uint64_t begin, uint64_t end, dump::RegionKind kind, uint32_t thread) noexcept {
  if (begin < end && count_ < kMaxRanges) ranges_[count_++] = {begin, end, kind, thread};
}

void RootRanges::find_statics(const ModuleList& modules) noexcept {
  for (uint32_t m = 0; m < modules.count(); m++) {
    const Module& module = modules[m];
    for (uint32_t s = 0; s < module.segment_count; s++) {
      const Segment& segment = modules.segment(module.first_segment + s);
      if (segment.type != PT_LOAD || (segment.flags & dump::kMapWrite) == 0) continue;
      exclude(page_down(segment.begin), page_up(segment.end));
      if (module.is_agent) continue;
      uint64_t state = 0;
      const bool is_libc = strstr(module.path, "/libc.so") != nullptr || strstr(module.path, "/libc-2") != nullptr;
      if (is_libc && find_malloc_state(segment.begin, segment.end, state)) {
        add(segment.begin, state, dump::RegionKind::kStatic);
        add(state + kMallocStateSize, segment.end, dump::RegionKind::kStatic);
      } else {
        add(segment.begin, segment.end, dump::RegionKind::kStatic);
      }
    }
  }
}

void RootRanges::find_stacks(const MemoryMap& map, const dump::ThreadRecord* threads, uint32_t thread_count) noexcept {
  for (uint32_t i = 0; i < thread_count; i++) {
    const uint64_t sp = threads[i].registers[7];
    const uint64_t tcb = threads[i].thread_pointer;
    const Mapping* stack = map.find(sp);
    uint64_t stack_end = 0;
    if (stack != nullptr) {
      // A thread's stack ends with its control block; what lies above may be another mapping merged with it.
      const bool has_tcb = tcb > sp && tcb < stack->end;
      stack_end = has_tcb && page_up(tcb + kTcbTail) < stack->end ? page_up(tcb + kTcbTail) : stack->end;
      // The thread that took the snapshot is in a call: below its caller's sp are only the agent's frames.
      const bool in_call = (threads[i].flags & dump::kThreadTookSnapshot) != 0;
      uint64_t used = in_call ? sp : sp - kRedZone;
      if (used < stack->begin) used = stack->begin;
      // On a signal stack or fibre the thread's own stack is another mapping: not knowing how much is used, take all.
      add(used, stack_end, dump::RegionKind::kStack, i + 1);
      exclude(stack->begin, stack_end);
    }
    const Mapping* tls = map.find(tcb);
    if (tls == nullptr || (tcb >= sp && tcb < stack_end)) continue;
    add(tls->begin, tls->end, dump::RegionKind::kThreadLocal, i + 1);
    exclude(tls->begin, tls->end);
  }
}

// Memory that belongs to the allocator holds live blocks, written apart, and free chunks full of stale words.
void RootRanges::exclude_allocator(const MemoryMap& map) noexcept {
  const bool is_glibc = recorder.live.spacing() == 32;
  uint64_t last_end = 0;
  recorder.live.for_each([&](const LiveBlock& block) {
    if (block.address < last_end) return;
    const Mapping* mapping = map.find(block.address);
    if (mapping == nullptr) return;
    if (!is_glibc ||
        strcmp(mapping->path, "[heap]") == 0) {  // of another allocator we do not know the bounds: all of it
      exclude(mapping->begin, mapping->end);
      last_end = mapping->end;
      return;
    }
    const uint64_t heap = block.address & ~(kArenaHeapSize - 1);
    if (block.size < kLargeBlock || (mapping->begin <= heap && heap != 0 && map.find(load(heap)) != nullptr &&
                                     (load(heap) & ~(kArenaHeapSize - 1)) <= heap && mapping->begin == heap)) {
      const uint64_t begin = mapping->begin > heap ? mapping->begin : heap;
      const uint64_t end = mapping->end < heap + kArenaHeapSize ? mapping->end : heap + kArenaHeapSize;
      exclude(begin, end);
      last_end = end;
      return;
    }
    exclude(page_down(block.address - 16), page_up(block.address + block.size));  // a mapping of its own
  });
}

// glibc keeps the stacks of joined threads; scanned as roots they hid 8 of 24 leaked objects (research/native.md H1).
// The control block near the top tells: it points at itself at +0 and +16, and no thread has it as its thread pointer.
void RootRanges::exclude_dead_stacks(const Mapping& mapping, const dump::ThreadRecord* threads,
                                     uint32_t thread_count) noexcept {
  int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  if (pagemap < 0) return;
  uint64_t begin = mapping.begin;
  for (uint64_t page = mapping.begin; page < mapping.end; page += kPage) {
    uint64_t entry = 0;
    if (pread(pagemap, &entry, sizeof entry, static_cast<off_t>(page / kPage * 8)) != sizeof entry || entry >> 62 == 0)
      continue;
    for (uint64_t at = page; at < page + kPage; at += 64) {
      if (load(at) != at || load(at + 16) != at) continue;
      bool is_live = false;
      for (uint32_t i = 0; i < thread_count; i++) is_live |= threads[i].thread_pointer == at;
      const uint64_t end = page_up(at + kTcbTail) < mapping.end ? page_up(at + kTcbTail) : mapping.end;
      if (!is_live) {
        exclude(begin, end);
        add(at + 8, at + 16, dump::RegionKind::kOther);  // its vector of thread-local storage, kept for the next thread
      }
      begin = end;
    }
  }
  close(pagemap);
}

void RootRanges::sort_taken() noexcept {
  // Shell sort (Ciura's gaps): no recursion, no allocation; a few thousand ranges.
  static constexpr uint32_t kGaps[] = {8858, 3937, 1750, 701, 301, 132, 57, 23, 10, 4, 1};
  for (uint32_t gap : kGaps)
    for (uint32_t i = gap; i < taken_count_; i++) {
      Taken value = taken_[i];
      uint32_t j = i;
      for (; j >= gap && taken_[j - gap].begin > value.begin; j -= gap) taken_[j] = taken_[j - gap];
      taken_[j] = value;
    }
}

void RootRanges::add_rest(const MemoryMap& map) noexcept {
  sort_taken();
  uint32_t next = 0;
  for (uint32_t i = 0; i < map.count(); i++) {
    const Mapping& mapping = map[i];
    if (!is_private_writable(mapping)) continue;
    uint64_t at = mapping.begin;
    while (next < taken_count_ && taken_[next].end <= at) next++;
    for (uint32_t t = next; at < mapping.end && t < taken_count_ && taken_[t].begin < mapping.end; t++) {
      if (taken_[t].begin > at) add(at, taken_[t].begin, dump::RegionKind::kOther);
      if (taken_[t].end > at) at = taken_[t].end;
    }
    if (at < mapping.end) add(at, mapping.end, dump::RegionKind::kOther);
  }
}

void RootRanges::find(const MemoryMap& map, const ModuleList& modules, const dump::ThreadRecord* threads,
                      uint32_t thread_count, bool threads_run_on) noexcept {
  count_ = taken_count_ = 0;
  find_statics(modules);
  find_stacks(map, threads, thread_count);
  for (uint32_t i = 0; i < own_range_count(); i++) exclude(own_range(i).begin, own_range(i).end);
  exclude_allocator(map);
  constexpr uint64_t kSmallestStack = 16384;
  for (uint32_t i = 0; i < map.count() && !threads_run_on; i++)
    if (is_private_writable(map[i]) && map[i].path[0] == '\0' && map[i].end - map[i].begin >= kSmallestStack &&
        map[i].end - map[i].begin < (1ull << 32))
      exclude_dead_stacks(map[i], threads, thread_count);
  add_rest(map);
}

}  // namespace reftally::runtime
