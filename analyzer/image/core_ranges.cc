#include "analyzer/image/core_ranges.h"

#include <elf.h>

#include <algorithm>
#include <map>

#include "runtime/core/glibc_layout.h"

namespace reftally {

namespace {

using runtime::kThreadControlSize, runtime::kThreadIdOffset, runtime::StackBounds;

constexpr uint64_t kRedZone = 128;  // x86-64 psABI: used below sp
constexpr uint64_t kPage = 4096;
constexpr int kStackPointer = 7;

class Ranges {
 public:
  Ranges(const CoreMemory& memory, const std::vector<ImageModule>& modules, const GlibcHeap& heap)
      : memory_(memory), modules_(modules), heap_(heap) {}

  std::vector<CoreRange> find() {
    const std::vector<CoreThread>& threads = memory_.core().threads();
    for (uint32_t i = 0; i < threads.size(); ++i) claim_stack(threads[i], i + 1);
    for (const MemoryRange& range : heap_.memory) take(range.begin, range.end);
    take(heap_.state.begin, heap_.state.end);
    for (const ImageModule& module : modules_) claim_statics(module);
    for (const CoreSegment& segment : memory_.core().segments()) take_dead_stacks(segment);
    for (const CoreSegment& segment : memory_.core().segments())
      if (may_hold_roots(segment)) claim(segment.begin, segment.stored_end, dump::RegionKind::kOther, 0);
    std::sort(ranges_.begin(), ranges_.end(), [](const CoreRange& a, const CoreRange& b) { return a.begin < b.begin; });
    return std::move(ranges_);
  }

 private:
  void take(uint64_t begin, uint64_t end) {
    if (begin >= end) return;
    auto at = taken_.upper_bound(begin);
    if (at != taken_.begin() && std::prev(at)->second >= begin) --at;
    while (at != taken_.end() && at->first <= end) {
      begin = std::min(begin, at->first);
      end = std::max(end, at->second);
      at = taken_.erase(at);
    }
    taken_.emplace(begin, end);
  }

  // What nobody has taken of it so far.
  void claim(uint64_t begin, uint64_t end, dump::RegionKind kind, uint32_t thread) {
    begin = (begin + 7) & ~uint64_t{7};
    end &= ~uint64_t{7};
    uint64_t at = begin;
    auto next = taken_.upper_bound(begin);
    if (next != taken_.begin() && std::prev(next)->second > begin) --next;
    for (; at < end; ++next) {
      const bool none = next == taken_.end() || next->first >= end;
      if (const uint64_t free_end = none ? end : next->first; at < free_end)
        ranges_.push_back({at, free_end, kind, thread});
      if (none) break;
      at = std::max(at, next->second);
    }
    take(begin, end);
  }

  // The control block of a thread that glibc started lies at the top of its stack, thread-local storage below it.
  void claim_stack(const CoreThread& thread, uint32_t number) {
    const uint64_t sp = thread.registers[kStackPointer], used = sp - kRedZone, pointer = thread.thread_pointer;
    const MemoryRange own = stack_block(pointer);
    const CoreSegment* segment = memory_.core().segment_at(sp);
    const bool is_own = sp - own.begin < own.end - own.begin;
    if (own.end != 0) {
      claim(is_own ? std::max(used, own.begin) : own.begin, own.end, dump::RegionKind::kStack, number);
      take(own.begin, own.end);
    }
    if (segment && !is_own) {
      const uint64_t begin = std::max(used, segment->begin), end = end_of_stack(*segment, begin);
      claim(begin, end, dump::RegionKind::kStack, number);
      if (!shares(*segment)) take(segment->begin, begin);
    }
    if (own.end == 0) claim_main_locals(pointer, number);
  }

  MemoryRange stack_block(uint64_t pointer) const {
    const StackBounds block =
        runtime::stack_block_of(pointer, [&](uint64_t address) { return memory_.word(address).value_or(0); });
    return {block.low, block.high};
  }

  // A stack inside the allocator's memory is a fibre's: it ends with its block.
  uint64_t end_of_stack(const CoreSegment& stack, uint64_t begin) const {
    const auto after = std::upper_bound(heap_.blocks.begin(), heap_.blocks.end(), begin,
                                        [](uint64_t a, const ImageBlock& block) { return a < block.address; });
    if (after != heap_.blocks.begin() && (after - 1)->contains(begin)) return (after - 1)->address + (after - 1)->size;
    return stack.stored_end;
  }

  bool shares(const CoreSegment& segment) const {
    return std::any_of(heap_.memory.begin(), heap_.memory.end(), [&](const MemoryRange& range) {
      return range.begin < segment.end && segment.begin < range.end;
    });
  }

  // Of the main thread: below the control block the storage of all modules.
  void claim_main_locals(uint64_t pointer, uint32_t number) {
    const CoreSegment* segment = memory_.core().segment_at(pointer);
    if (!segment) return;
    uint64_t size = kPage;  // for modules opened later, and alignment
    for (const ImageModule& module : modules_)
      for (const ImageSegment& part : module.segments)
        if (part.type == PT_TLS) size += part.end - part.begin + 64;
    const uint64_t begin = size < pointer ? (pointer - size) & ~(kPage - 1) : 0;
    uint64_t end = std::min((pointer + kThreadControlSize + kPage - 1) & ~(kPage - 1), segment->stored_end);
    for (const MemoryRange& range : heap_.memory)  // of a static program the heap follows at once
      if (range.begin > pointer) end = std::min(end, range.begin);
    claim(std::max(begin, segment->begin), end, dump::RegionKind::kThreadLocal, number);
  }

  // Where a C library is part of the program, it has filled what is relocated once with blocks of its own.
  void claim_statics(const ImageModule& module) {
    const bool has_malloc = module.contains(heap_.state.begin);
    for (const ImageSegment& segment : module.segments)
      if (segment.type == PT_GNU_RELRO && !has_malloc) claim(segment.begin, segment.end, dump::RegionKind::kRelro, 0);
    for (const ImageSegment& segment : module.segments) {
      if (segment.type != PT_LOAD || (segment.flags & dump::kMapWrite) == 0) continue;
      claim(segment.begin, segment.end, dump::RegionKind::kStatic, 0);
      take(segment.begin & ~(kPage - 1), (segment.end + kPage - 1) & ~(kPage - 1));
    }
  }

  // glibc keeps the stacks of joined threads; as roots they hide leaks (research/native.md H1). Their control block
  // points at itself at +0 and +16, and its thread number is not that of a thread any more.
  void take_dead_stacks(const CoreSegment& segment) {
    if ((segment.flags & dump::kMapWrite) == 0 || memory_.core().mapping_at(segment.begin)) return;
    for (uint64_t at = (segment.begin + 63) & ~uint64_t{63}; at + kThreadControlSize <= segment.stored_end; at += 64) {
      uint64_t words[3];
      std::memcpy(words, segment.bytes + (at - segment.begin), sizeof words);
      if (words[0] != at || words[2] != at) continue;
      const int32_t number = memory_.load<int32_t>(at + kThreadIdOffset).value_or(0);
      if (number > 0 && is_thread(static_cast<uint32_t>(number))) continue;
      const MemoryRange stack = stack_block(at);
      claim(at + 8, at + 16, dump::RegionKind::kOther, 0);  // its vector of thread-local storage, for the next thread
      take(stack.begin, stack.end);
    }
  }

  bool is_thread(uint32_t number) const {
    const std::vector<CoreThread>& threads = memory_.core().threads();
    return std::any_of(threads.begin(), threads.end(), [&](const CoreThread& thread) { return thread.tid == number; });
  }

  // Writable, or private memory without a file that the program has made read-only after it was filled.
  bool may_hold_roots(const CoreSegment& segment) const {
    if ((segment.flags & dump::kMapWrite) != 0) return true;
    return (segment.flags & (dump::kMapRead | dump::kMapExecute)) == dump::kMapRead &&
           !memory_.core().mapping_at(segment.begin);
  }

  const CoreMemory& memory_;
  const std::vector<ImageModule>& modules_;
  const GlibcHeap& heap_;
  std::map<uint64_t, uint64_t> taken_;  // begin -> end, disjoint
  std::vector<CoreRange> ranges_;
};

}  // namespace

std::vector<CoreRange> root_ranges(const CoreMemory& memory, const std::vector<ImageModule>& modules,
                                   const GlibcHeap& heap) {
  return Ranges(memory, modules, heap).find();
}

}  // namespace reftally
