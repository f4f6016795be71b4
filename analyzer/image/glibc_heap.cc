#include "analyzer/image/glibc_heap.h"

#include <elf.h>
#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "runtime/core/glibc_layout.h"

namespace reftally {

namespace {

using namespace runtime;  // what glibc keeps where

constexpr uint64_t kPage = 4096;
constexpr uint64_t kSmallest = 32;  // chunk
// struct malloc_state, beyond what the agent needs of it
constexpr uint64_t kFastbins = 16, kFastbinCount = 10, kTop = 96, kNextArena = 2160;
// struct tcache_perthread_struct: counts, then the first chunk of each size
constexpr uint64_t kCacheBins = 64, kCacheStep = 16;
constexpr uint64_t kMostArenas = 65536;

class HeapReader {
 public:
  HeapReader(const CoreMemory& memory, const std::vector<ImageModule>& modules) : memory_(memory), modules_(modules) {}

  GlibcHeap read() {
    const uint64_t main = find_main_arena();
    if (main == 0 && !memory_.core().at(memory_.core().threads().front().registers[7], 8))
      throw Error(fmt::format(
          "{}: expected the memory of the process, found not even a stack: /proc/PID/coredump_filter left it out "
          "(core(5); 0x33 is what kernels begin with)",
          memory_.core().path()));
    if (main == 0)
      throw Error(fmt::format(
          "{}: expected the state of glibc's malloc in writable memory of a module, found none{}: a program with "
          "another allocator is read by its dumps only (`reftally run`; with `--signal N`, while it runs)",
          memory_.core().path(), other_allocator()));
    heap_.state = {main, main + kMallocStateSize};
    read_arenas(main);
    add_mapped_chunks();
    index_blocks();
    for (uint64_t arena : arenas_) drop_fastbins(arena);
    drop_thread_caches();
    finish();
    return std::move(heap_);
  }

 private:
  uint64_t word(uint64_t address) const { return memory_.word(address).value_or(0); }

  std::string other_allocator() const {
    for (const ImageModule& module : modules_) {
      const std::string_view name = std::string_view(module.path).substr(module.path.rfind('/') + 1);
      for (std::string_view known : {"jemalloc", "tcmalloc", "mimalloc", "snmalloc", "hoard", "tbbmalloc", "ld-musl"})
        if (name.find(known) != name.npos) return fmt::format(", but {}", name);
    }
    return {};
  }

  // An empty bin is a list that points at itself: 127 pairs of such words in a row are nothing else.
  uint64_t find_main_arena() const {
    uint64_t best = kEnoughEmptyBins - 1, state = 0;
    for (const CoreSegment& stored : memory_.core().segments()) {
      for (const ImageModule& module : modules_) {
        for (const ImageSegment& segment : module.segments) {
          if (segment.type != PT_LOAD || (segment.flags & dump::kMapWrite) == 0) continue;
          const uint64_t end = std::min(segment.end, stored.stored_end);
          for (uint64_t at = (std::max(segment.begin, stored.begin) + 15) & ~uint64_t{15}; at + kMallocStateSize <= end;
               at += 16)
            if (const uint64_t empty = empty_bins(at); empty > best) best = empty, state = at;
        }
      }
    }
    return state;
  }

  uint64_t empty_bins(uint64_t state) const {
    auto is_empty = [&](uint64_t bin) {
      const uint64_t self = state + kBinsOffset - 16 + 16 * bin;
      return word(self + 16) == self && word(self + 24) == self;
    };
    // The last ones are of chunks beyond 512 KB: in any heap one of them is empty.
    if (!is_empty(kBins - 3) && !is_empty(kBins - 2) && !is_empty(kBins - 1)) return 0;
    uint64_t empty = 0;
    for (uint64_t bin = 0; bin < kBins; ++bin) {
      if (word(state + kBinsOffset + 16 * bin) == 0) return 0;  // an empty std::map points at itself too, among zeros
      empty += is_empty(bin);
    }
    return empty;
  }

  void read_arenas(uint64_t main) {
    for (uint64_t arena = main; arena != 0 && arenas_.size() < kMostArenas;) {
      arenas_.push_back(arena);
      arena = word(arena + kNextArena);
      if (arena == main) break;
    }
    read_main_heap(word(main + kTop));
    for (size_t i = 1; i < arenas_.size(); ++i) read_arena_heaps(arenas_[i]);
  }

  // The heap of brk(2). Where addresses are not random it follows the executable's zeroed data without a gap.
  void read_main_heap(uint64_t top) {
    const CoreSegment* segment = memory_.core().segment_at(top);
    if (!segment) return;
    uint64_t begin = segment->begin;
    for (const ImageModule& module : modules_)
      for (const ImageSegment& part : module.segments)
        if (part.type == PT_LOAD && part.end > begin && part.begin < top && part.end <= segment->end)
          begin = std::max(begin, (part.end + kPage - 1) & ~(kPage - 1));
    walk_part(first_chunk(begin, segment->end, top), segment->end, top);
  }

  // A static program has taken the storage of its main thread from brk(2) before malloc asked for the rest.
  uint64_t first_chunk(uint64_t begin, uint64_t end, uint64_t top) const {
    for (const CoreThread& thread : memory_.core().threads())
      if (const uint64_t after = thread.thread_pointer + kThreadControlSize / 2; begin < after && after < top)
        if (const uint64_t chunk = resume(after, end, top); chunk != 0) return chunk;
    return begin;
  }

  // struct heap_info { mstate arena; heap_info* before; size_t size; … } at the aligned begin; the first one's is
  // followed by the arena, the others' by chunks.
  void read_arena_heaps(uint64_t arena) {
    const uint64_t top = word(arena + kTop), own = arena & ~(kArenaHeapSize - 1);
    std::unordered_set<uint64_t> seen;
    for (uint64_t heap = top & ~(kArenaHeapSize - 1); heap != 0 && seen.insert(heap).second; heap = word(heap + 8)) {
      const uint64_t size = word(heap + 16);
      if (word(heap) != arena || size == 0 || size > kArenaHeapSize) return warn_damage(heap);
      const uint64_t first = heap == own ? ((arena + kMallocStateSize + 15) & ~uint64_t{15}) : heap + (arena - own);
      heap_.memory.push_back({heap, first});
      walk_part(first, heap + size, heap == (top & ~(kArenaHeapSize - 1)) ? top : 0);
    }
  }

  // From chunk to chunk, and where these break off, on from where they lead to the end again. What lies between is no
  // memory of the allocator's then, so that what it points to is alive.
  void walk_part(uint64_t chunk, uint64_t end, uint64_t top) {
    while (chunk < end) {
      const uint64_t broken = walk(chunk, end, top);
      heap_.memory.push_back({chunk, broken == 0 ? end : broken + 8});  // the block before ends there
      if (broken == 0) return;
      if (!is_fence(broken)) warn_damage(broken);
      // What leads to the end first may be a piece of a chunk, so it is left out too.
      const uint64_t next = resume(broken + kChunkHeader, end, top);
      chunk = next != 0 ? chunk_after(next) : end;
    }
  }

  uint64_t chunk_after(uint64_t chunk) const { return chunk + (word(chunk + 8) & ~kSizeFlags); }

  // Two of these stand where the program has taken memory from brk(2) for itself.
  bool is_fence(uint64_t chunk) const { return (word(chunk + 8) & ~kSizeFlags) == kChunkHeader; }

  bool is_chunk(uint64_t chunk, uint64_t end) const {
    const uint64_t size = word(chunk + 8) & ~kSizeFlags, next = chunk + size;
    return size >= kSmallest && size % 16 == 0 && next > chunk && next + kChunkHeader <= end;
  }

  // The first address from which chunks lead to the end, or far enough; 0 if none does.
  uint64_t resume(uint64_t from, uint64_t end, uint64_t top) const {
    constexpr uint64_t kConvincing = 1000;  // chunks in a row
    auto is_end = [&](uint64_t chunk) {
      if (top == 0) return chunk + 3 * kChunkHeader >= end;
      return chunk == top || (is_fence(chunk) && is_fence(chunk + kChunkHeader));
    };
    for (uint64_t begin = (from + 15) & ~uint64_t{15}; begin + kChunkHeader < end && begin != top; begin += 16) {
      uint64_t chunk = begin, count = 0;
      for (; count < kConvincing && !is_end(chunk) && is_chunk(chunk, end); count++) chunk = chunk_after(chunk);
      if (count == kConvincing || (count > 0 && is_end(chunk))) return begin;
    }
    return 0;
  }

  // Whether a chunk is used is told by the next one. Two small chunks end a heap that is not the last of its arena.
  // Returns where the chunks break off, or 0.
  uint64_t walk(uint64_t chunk, uint64_t end, uint64_t top) {
    while (chunk + kChunkHeader < end && chunk != top) {
      if (top == 0 && (word(chunk + 8) & ~kSizeFlags) <= kChunkHeader) return 0;
      if (!is_chunk(chunk, end)) return chunk;
      const uint64_t next = chunk_after(chunk);
      if (word(next + 8) & kBeforeIsUsed) add_block(chunk, next - chunk - 8);
      chunk = next;
    }
    return 0;
  }

  void warn_damage(uint64_t address) {
    heap_.warnings.push_back(fmt::format(
        "the heap is damaged at {:#x}: the blocks there are not known, and what they point to counts as alive",
        address));
  }

  void add_block(uint64_t chunk, uint64_t size) { heap_.blocks.push_back({chunk + kChunkHeader, size, StackId{}, 0}); }

  bool is_known_memory(const CoreSegment& segment) const {
    if (memory_.core().mapping_at(segment.begin)) return true;
    auto overlaps = [&](uint64_t begin, uint64_t end) { return begin < segment.end && segment.begin < end; };
    for (const MemoryRange& range : heap_.memory)
      if (overlaps(range.begin, range.end)) return true;
    return std::any_of(memory_.core().threads().begin(), memory_.core().threads().end(), [&](const CoreThread& thread) {
      return memory_.core().segment_at(thread.registers[7]) == &segment;  // of rsp
    });
  }

  // Large blocks have mappings of their own, which the kernel joins: a header at the begin of a page, and page-sized.
  void add_mapped_chunks() {
    for (const CoreSegment& segment : memory_.core().segments()) {
      if ((segment.flags & dump::kMapWrite) == 0 || is_known_memory(segment)) continue;
      for (uint64_t at = segment.begin; at + kPage <= segment.stored_end;) {
        const uint64_t before = word(at), field = word(at + 8), size = field & ~kSizeFlags;
        const bool is_chunk = (field & kSizeFlags) == kIsMapped && size >= kPage && before < kPage &&
                              (size + before) % kPage == 0 && size <= segment.end - at;
        if (is_chunk) {
          heap_.blocks.push_back({at + kChunkHeader, size - kChunkHeader, StackId{}, 0});
          heap_.memory.push_back({at, at + size + before});
        }
        at += is_chunk ? size + before : kPage;
      }
    }
  }

  void index_blocks() {
    rows_.reserve(heap_.blocks.size());
    for (size_t row = 0; row < heap_.blocks.size(); ++row) rows_.emplace(heap_.blocks[row].address, row);
  }

  bool is_block(uint64_t address, uint64_t size) const {
    const auto found = rows_.find(address);
    return found != rows_.end() && heap_.blocks[found->second].size == size;
  }

  // Since 2.32 links of such lists are mangled with where they stand ("safe-linking").
  uint64_t next_in_list(uint64_t block, uint64_t size) const {
    const uint64_t stored = word(block), mangled = stored ^ (block >> 12);
    return is_block(mangled, size) || mangled == 0 ? mangled : stored;
  }

  void drop_fastbins(uint64_t arena) {
    for (uint64_t bin = 0; bin < kFastbinCount; ++bin) {
      const uint64_t size = kSmallest + 16 * bin - 8, first = word(arena + kFastbins + 8 * bin);
      std::unordered_set<uint64_t> seen;
      for (uint64_t block = first ? first + kChunkHeader : 0; is_block(block, size) && seen.insert(block).second;) {
        free_.insert(block);
        const uint64_t stored = word(block), mangled = stored ^ (block >> 12);  // links of chunks, not of blocks
        const uint64_t next = is_block(mangled + kChunkHeader, size) ? mangled : stored;
        block = next ? next + kChunkHeader : 0;
      }
    }
  }

  // A thread's cache is a block of its own, with 64 numbers and as many lists that must be as long as these say.
  void drop_thread_caches() {
    for (const ImageBlock& block : heap_.blocks) {
      for (uint64_t count_size : {2, 1}) {  // bytes of a number: 1 before 2.30
        if (block.size != kCacheBins * (8 + count_size) + 8) continue;
        std::vector<uint64_t> cached;
        if (!read_cache(block.address, count_size, cached)) continue;
        free_.insert(block.address);
        free_.insert(cached.begin(), cached.end());
      }
    }
  }

  bool read_cache(uint64_t cache, uint64_t count_size, std::vector<uint64_t>& cached) const {
    for (uint64_t bin = 0; bin < kCacheBins; ++bin) {
      const uint64_t count = count_size == 2 ? memory_.load<uint16_t>(cache + 2 * bin).value_or(0)
                                             : memory_.load<uint8_t>(cache + bin).value_or(0);
      uint64_t block = word(cache + kCacheBins * count_size + 8 * bin), length = 0;
      const uint64_t size = kSmallest + kCacheStep * bin - 8;
      for (; block != 0 && length < count; ++length) {
        if (!is_block(block, size)) return false;
        cached.push_back(block);
        block = next_in_list(block, size);
      }
      if (length != count) return false;
    }
    return !cached.empty();
  }

  // By address and disjoint, whatever a damaged heap told.
  void finish() {
    std::erase_if(heap_.blocks, [&](const ImageBlock& block) { return free_.contains(block.address); });
    std::sort(heap_.blocks.begin(), heap_.blocks.end(),
              [](const ImageBlock& a, const ImageBlock& b) { return a.address < b.address; });
    uint64_t end = 0;
    std::erase_if(heap_.blocks, [&](const ImageBlock& block) {
      if (block.address < end) return true;
      end = block.address + block.size;
      return false;
    });
    std::sort(heap_.memory.begin(), heap_.memory.end(),
              [](const MemoryRange& a, const MemoryRange& b) { return a.begin < b.begin; });
  }

  const CoreMemory& memory_;
  const std::vector<ImageModule>& modules_;
  GlibcHeap heap_;
  std::vector<uint64_t> arenas_;
  std::unordered_map<uint64_t, size_t> rows_;  // of heap_.blocks by address, as walked
  std::unordered_set<uint64_t> free_;          // blocks that only look used
};

}  // namespace

GlibcHeap read_glibc_heap(const CoreMemory& memory, const std::vector<ImageModule>& modules) {
  return HeapReader(memory, modules).read();
}

}  // namespace reftally
