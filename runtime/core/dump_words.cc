// The words of a dump: live blocks, and everything that may hold a root (root_ranges.h).
#include <errno.h>
#include <sys/uio.h>

#include <cstring>

#include "runtime/core/dump_writer.h"
#include "runtime/core/present_pages.h"
#include "runtime/core/root_ranges.h"
#include "runtime/core/system.h"
#include "runtime/core/word_filter.h"
#include "runtime/dump/unaligned_words.h"

namespace reftally::runtime {
namespace {

constexpr uint32_t kPieceWords = 64u << 10;  // words in one WordRegion at most
constexpr uint64_t kSparse = 1u << 20;       // from this size on, pages that were never touched are skipped
constexpr uint64_t kEndOfAddresses = 1ull << 47;
constexpr uint32_t kMostUnaligned = 1u << 20;

WordFilter filter;
RootRanges roots;
struct Scratch {
  dump::WordRegion header;
  uint64_t words[kPieceWords / 64 + kPieceWords];
  uint64_t copy[kPieceWords];
};
Scratch* scratch = nullptr;
dump::UnalignedWord* unaligned = nullptr;
uint32_t unaligned_count = 0;

class WordWriter {
 public:
  WordWriter(dump::Writer& writer, const MemoryMap& map) noexcept : writer_(writer), map_(map) {}

  // What is not mapped or not readable (a block may have guard pages) is left out.
  void range(dump::RegionKind kind, uint32_t thread, uint64_t begin, uint64_t end) noexcept {
    kind_ = kind;
    thread_ = thread;
    begin = (begin + 7) & ~uint64_t{7};
    end &= ~uint64_t{7};
    while (begin < end) {
      if (mapping_ == nullptr || begin < mapping_->begin || begin >= mapping_->end) mapping_ = map_.find_or_next(begin);
      if (mapping_ == nullptr || mapping_->begin >= end) return;
      if (begin < mapping_->begin) begin = mapping_->begin;
      const uint64_t part_end = end < mapping_->end ? end : mapping_->end;
      if ((mapping_->flags & dump::kMapRead) != 0) part(begin, part_end);
      begin = part_end;
    }
  }

 private:
  void part(uint64_t begin, uint64_t end) noexcept {
    if (end - begin < kSparse && mapping_->path[0] != '/') return pieces(begin, end);
    pages_.for_each_run(*mapping_, begin, end, [this](uint64_t from, uint64_t to) { pieces(from, to); });
  }

  void pieces(uint64_t begin, uint64_t end) noexcept {
    previous_ = 0;
    for (; begin < end; begin += uint64_t{kPieceWords} * 8) {
      const uint64_t words = (end - begin) / 8;
      const auto count = static_cast<uint32_t>(words < kPieceWords ? words : kPieceWords);
      if (kind_ == dump::RegionKind::kOther)
        copied_piece(begin, count);
      else
        piece(begin, reinterpret_cast<const uint64_t*>(begin), count);
    }
  }

  // Memory of unknown origin may fault when read (a file cut short, a device): the kernel copies it, or says no.
  void copied_piece(uint64_t address, uint32_t count) noexcept {
    const uint64_t end = address + uint64_t{count} * 8;
    while (address < end) {
      iovec to{scratch->copy, end - address}, from{reinterpret_cast<void*>(address), end - address};
      ssize_t got = process_vm_readv(static_cast<int>(current_process()), &to, 1, &from, 1, 0);
      if (got < 0 && errno != EFAULT && mapping_->path[0] != '/')  // not allowed to; anonymous memory is safe
        return piece(address, reinterpret_cast<const uint64_t*>(address), static_cast<uint32_t>((end - address) / 8));
      if (got >= 8) piece(address, scratch->copy, static_cast<uint32_t>(got / 8));
      address = page_down(address + (got > 0 ? static_cast<uint64_t>(got) : 0)) + kPage;
    }
  }

  void piece(uint64_t address, const uint64_t* source, uint32_t count) noexcept {
    const uint32_t bitmap_words = (count + 63) / 64;
    uint64_t* bitmap = scratch->words;
    uint64_t* kept = scratch->words + bitmap_words;
    uint32_t kept_count = 0;
    memset(bitmap, 0, bitmap_words * sizeof *bitmap);
    for (uint32_t i = 0; i < count; i++) {
      const uint64_t word = source[i];
      look_between(previous_, word, address + 8 * uint64_t{i} - 8);
      previous_ = word;
      if (!filter.keeps(word)) continue;
      filter.look_for_vtable(word);
      bitmap[i / 64] |= 1ull << (i % 64);
      kept[kept_count++] = word;
    }
    scratch->header = {address, count, kept_count, kind_, {}, thread_};
    writer_.add_bytes(scratch, sizeof scratch->header + (bitmap_words + kept_count) * sizeof(uint64_t));
  }

  // At two words that lie beside each other, from `address` on.
  void look_between(uint64_t first, uint64_t second, uint64_t address) noexcept {
    dump::for_each_unaligned(first, second, lowest_, kEndOfAddresses - lowest_, [&](uint64_t offset, uint64_t word) {
      if (filter.is_address(word) && unaligned_count < kMostUnaligned)
        unaligned[unaligned_count++] = {address + offset, word};
    });
  }

  dump::Writer& writer_;
  const MemoryMap& map_;
  const Mapping* mapping_ = nullptr;
  const uint64_t lowest_ = filter.lowest_mapping();
  uint64_t previous_ = 0;  // the word before, or 0
  PresentPages pages_;
  dump::RegionKind kind_{};
  uint32_t thread_ = 0;
};

void write_heap_range(WordWriter& words, uint64_t begin, uint64_t end) noexcept {
  while (begin < end) {
    uint64_t next = end;
    const AddressRange part = roots.before_thread_memory(begin, end, next);
    words.range(dump::RegionKind::kHeap, 0, part.begin, part.end);
    begin = next;
  }
}

}  // namespace

bool prepare_word_writer() noexcept {
  scratch = static_cast<Scratch*>(map_memory(sizeof(Scratch)));
  unaligned = static_cast<dump::UnalignedWord*>(map_memory(kMostUnaligned * sizeof *unaligned));
  return scratch != nullptr && unaligned != nullptr && filter.create() && roots.create();
}

void write_words(dump::Writer& writer, const SnapshotFacts& facts, const ProgramState* const* threads,
                 uint32_t thread_count, Troubles& troubles) noexcept {
  filter.learn(*facts.map, *facts.modules, recorder.options.full_contents);
  roots.find(*facts.map, *facts.modules, threads, thread_count, troubles);
  unaligned_count = 0;
  writer.begin(dump::kTagWords, 0);
  {
    WordWriter words(writer, *facts.map);
    recorder.live.for_each_run([&](uint64_t begin, uint64_t end) { write_heap_range(words, begin, end); });
    for (uint32_t i = 0; i < roots.count(); i++)
      words.range(roots[i].kind, roots[i].thread, roots[i].begin, roots[i].end);
  }
  writer.end();
  filter.write_vtables(writer);
  if (unaligned_count == kMostUnaligned)
    troubles.add("more than 1048576 addresses stand at no multiple of 8: what only the rest leads to looks leaked");
  writer.begin(dump::kTagUnaligned, sizeof(dump::UnalignedWord));
  for (uint32_t i = 0; i < unaligned_count; i++) writer.add(unaligned[i]);
  writer.end();
}

}  // namespace reftally::runtime
