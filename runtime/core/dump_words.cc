// The words of a dump: live blocks, and everything that may hold a root.
//
// Roots are the writable segments of modules, the used part of stacks, thread-local storage, and what is left of the
// writable private mappings when the allocator's memory, the agent's and dead stacks are taken away. Module data is
// taken by program headers, never by lines of /proc/self/maps: an anonymous arena can merge with a .bss.
#include <elf.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstring>

#include "runtime/core/dump_writer.h"
#include "runtime/core/root_ranges.h"
#include "runtime/core/system.h"
#include "runtime/core/word_filter.h"

namespace reftally::runtime {
namespace {

constexpr uint32_t kPieceWords = 64u << 10;  // words in one WordRegion at most
constexpr uint64_t kPage = 4096;
constexpr uint64_t kSparse = 1u << 20;  // from this size on, pages that were never touched are skipped

WordFilter filter;
RootRanges roots;
struct Scratch {
  dump::WordRegion header;
  uint64_t words[kPieceWords / 64 + kPieceWords];
};
Scratch* scratch = nullptr;

class WordWriter {
 public:
  explicit WordWriter(dump::Writer& writer) noexcept : writer_(writer) {
    pagemap_ = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  }
  ~WordWriter() {
    if (pagemap_ >= 0) close(pagemap_);
  }
  WordWriter(const WordWriter&) = delete;
  WordWriter& operator=(const WordWriter&) = delete;

  void range(dump::RegionKind kind, uint32_t thread, uint64_t begin, uint64_t end) noexcept {
    begin = (begin + 7) & ~uint64_t{7};
    end &= ~uint64_t{7};
    if (begin >= end) return;
    if (end - begin < kSparse || pagemap_ < 0) return pieces(kind, thread, begin, end);
    present_pages(kind, thread, begin, end);
  }

 private:
  // Only pages that exist: reading an untouched page of a 32 GB reservation would cost a page fault each.
  void present_pages(dump::RegionKind kind, uint32_t thread, uint64_t begin, uint64_t end) noexcept {
    uint64_t entries[512];
    uint64_t run = 0;  // begin of the present run, 0 none
    for (uint64_t page = begin & ~(kPage - 1); page < end; page += sizeof entries / 8 * kPage) {
      ssize_t got = pread(pagemap_, entries, sizeof entries, static_cast<off_t>(page / kPage * 8));
      if (got <= 0) return pieces(kind, thread, run != 0 ? run : (page > begin ? page : begin), end);
      for (uint64_t i = 0; i < static_cast<uint64_t>(got) / 8; i++) {
        const uint64_t at = page + i * kPage;
        const bool present = at < end && (entries[i] >> 62) != 0;  // bit 63 present, bit 62 swapped
        if (present && run == 0) run = at > begin ? at : begin;
        if (!present && run != 0) {
          pieces(kind, thread, run, at < end ? at : end);
          run = 0;
        }
      }
    }
    if (run != 0) pieces(kind, thread, run, end);
  }

  void pieces(dump::RegionKind kind, uint32_t thread, uint64_t begin, uint64_t end) noexcept {
    for (; begin < end; begin += uint64_t{kPieceWords} * 8) {
      uint64_t words = (end - begin) / 8;
      piece(kind, thread, begin, static_cast<uint32_t>(words < kPieceWords ? words : kPieceWords));
    }
  }

  void piece(dump::RegionKind kind, uint32_t thread, uint64_t address, uint32_t count) noexcept {
    const uint32_t bitmap_words = (count + 63) / 64;
    uint64_t* bitmap = scratch->words;
    uint64_t* kept = scratch->words + bitmap_words;
    uint32_t kept_count = 0;
    memset(bitmap, 0, bitmap_words * sizeof *bitmap);
    auto* source = reinterpret_cast<const uint64_t*>(address);
    for (uint32_t i = 0; i < count; i++) {
      const uint64_t word = source[i];
      if (!filter.keeps(word)) continue;
      filter.look_for_vtable(word);
      bitmap[i / 64] |= 1ull << (i % 64);
      kept[kept_count++] = word;
    }
    scratch->header = {address, count, kept_count, kind, {}, thread};
    writer_.add_bytes(scratch, sizeof scratch->header + (bitmap_words + kept_count) * sizeof(uint64_t));
  }

  dump::Writer& writer_;
  int pagemap_;
};

// Blocks a few bytes apart share a region: a header of 24 bytes for each would cost more than the chunk header between.
void write_block_words(WordWriter& words) noexcept {
  constexpr uint64_t kGap = 32;
  uint64_t begin = 0, end = 0;
  recorder.live.for_each([&](const LiveBlock& block) {
    const uint64_t block_end = (block.address + block.size + 7) & ~uint64_t{7};
    if (begin != 0 && block.address <= end + kGap && block_end >= end) {
      end = block_end;
      return;
    }
    if (begin != 0 && block_end <= end) return;  // inside the one before: an allocator's block in another's
    words.range(dump::RegionKind::kHeap, 0, begin, end);
    begin = block.address;
    end = block_end;
  });
  words.range(dump::RegionKind::kHeap, 0, begin, end);
}

}  // namespace

bool prepare_word_writer() noexcept {
  scratch = static_cast<Scratch*>(map_memory(sizeof(Scratch)));
  return scratch != nullptr && filter.create() && roots.create();
}

void write_words(dump::Writer& writer, const SnapshotFacts& facts, const dump::ThreadRecord* threads,
                 uint32_t thread_count) noexcept {
  filter.learn(*facts.map, *facts.modules, recorder.options.full_contents);
  roots.find(*facts.map, *facts.modules, threads, thread_count, facts.world->not_stopped() != 0);
  writer.begin(dump::kTagWords, 0);
  {
    WordWriter words(writer);
    write_block_words(words);
    for (uint32_t i = 0; i < roots.count(); i++)
      words.range(roots[i].kind, roots[i].thread, roots[i].begin, roots[i].end);
  }
  writer.end();
  filter.write_vtables(writer);
}

}  // namespace reftally::runtime
