#include "analyzer/image/dump_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <mutex>
#include <new>
#include <utility>

#include "analyzer/base/huge_pages.h"
#include "analyzer/base/parallel.h"

namespace reftally {

namespace {

struct RegionSource {
  dump::WordRegion header;
  std::span<const uint8_t> bitmap, kept;
};

struct SectionRegions {
  WordArray storage;  // where most words were dropped: of all regions of the section
  std::vector<ImageRegion> regions;
  const DumpSection* section = nullptr;
};

// Memory for sections that have most of their words, on large pages: those would cost a section of dropped words as
// much as the program's own memory.
class DenseWords {
 public:
  explicit DenseWords(uint64_t expected) : next_chunk_(std::min(expected, kChunk)) {}

  uint64_t* take(uint64_t words) {
    const std::lock_guard lock(mutex_);
    if (words > left_) add_chunk(std::max(words, next_chunk_));
    left_ -= words;
    return std::exchange(next_, next_ + words);
  }
  std::vector<WordArray> chunks() && { return std::move(chunks_); }

 private:
  static constexpr uint64_t kChunk = (64 << 20) / 8;

  void add_chunk(uint64_t words) {
    chunks_.emplace_back(static_cast<uint64_t*>(std::calloc(words, sizeof(uint64_t))));
    next_ = chunks_.back().get();
    if (!next_) throw std::bad_alloc();
    left_ = words;
    ask_for_huge_pages(next_, 8 * words);
  }

  std::mutex mutex_;
  std::vector<WordArray> chunks_;
  const uint64_t next_chunk_;
  uint64_t* next_ = nullptr;
  uint64_t left_ = 0;
};

uint64_t bitmap_words(const dump::WordRegion& header) { return (uint64_t{header.word_count} + 63) / 64; }

dump::RegionKind known_kind(dump::RegionKind kind) {
  const bool known = kind >= dump::RegionKind::kHeap && kind <= dump::RegionKind::kRelro;
  return known ? kind : dump::RegionKind::kOther;  // of a newer minor version: a root, to be on the safe side
}

RegionSource read_region(Cursor& cursor, size_t thread_count) {
  RegionSource source{cursor.read<dump::WordRegion>("a word region of 24 bytes"), {}, {}};
  const dump::WordRegion& header = source.header;
  if (header.address % 8 != 0) cursor.fail("a word region at a multiple of 8");
  if (header.word_count == 0) cursor.fail("a word region of at least one word");
  if (header.address > ~uint64_t{0} - 8 * uint64_t{header.word_count}) cursor.fail("a word region below 2^64");
  if (header.thread > thread_count) cursor.fail(fmt::format("a word region of one of {} threads", thread_count));
  source.bitmap = cursor.take(8 * bitmap_words(header), "the bitmap of a word region");
  source.kept = cursor.take(8 * uint64_t{header.kept_count}, "the words of a word region");
  return source;
}

// Writes words and bitmap of a region at `to`.
ImageRegion expand_region(const RegionSource& source, uint64_t* to, const Cursor& place) {
  constexpr uint64_t kAll = ~uint64_t{0};
  const dump::WordRegion& header = source.header;
  uint64_t* known = to + header.word_count;
  std::memcpy(known, source.bitmap.data(), source.bitmap.size());
  const uint32_t tail = header.word_count % 64;
  if (tail && known[bitmap_words(header) - 1] >> tail) place.fail("no bits beyond the words of a region");
  uint64_t kept = 0;
  for (uint64_t i = 0; i < bitmap_words(header); ++i) {
    if (header.kept_count - kept < static_cast<unsigned>(std::popcount(known[i])))
      place.fail("as many bits as words in a region");
    if (known[i] == kAll) {
      std::memcpy(&to[64 * i], source.kept.data() + 8 * kept, 64 * 8);
      kept += 64;
      continue;
    }
    for (uint64_t bits = known[i]; bits; bits &= bits - 1, ++kept)
      std::memcpy(&to[64 * i + std::countr_zero(bits)], source.kept.data() + 8 * kept, 8);
  }
  if (kept != header.kept_count) place.fail("as many bits as words in a region");
  return {header.address, header.word_count, known_kind(header.kind), header.thread, to, known};
}

SectionRegions read_section(const DumpFile& file, const DumpSection& section, size_t thread_count, DenseWords& dense) {
  const DumpPayload payload = file.payload(section);
  std::vector<RegionSource> sources;
  uint64_t size = 0;
  Cursor cursor = payload.cursor();
  while (!cursor.at_end()) {
    sources.push_back(read_region(cursor, thread_count));
    size += sources.back().header.word_count + bitmap_words(sources.back().header);
  }
  const bool is_dense = size <= payload.bytes().size() / 8 * 4 / 3;
  SectionRegions result{is_dense ? nullptr : zeroed_words(size), {}, &section};
  uint64_t* to = is_dense ? dense.take(size) : result.storage.get();
  for (const RegionSource& source : sources) {
    result.regions.push_back(expand_region(source, to, cursor));
    to += source.header.word_count + bitmap_words(source.header);
  }
  return result;
}

}  // namespace

void read_word_regions(const DumpFile& file, Image& image) {
  const std::vector<const DumpSection*> sections = file.sections(dump::kTagWords);
  uint64_t stored = 0;
  for (const DumpSection* section : sections) stored += section->header.raw_size / 8;
  DenseWords dense(stored);
  std::vector<SectionRegions> read(sections.size());
  parallel_for(sections.size(), worker_threads(),
               [&](size_t i) { read[i] = read_section(file, *sections[i], image.threads.size(), dense); });
  for (SectionRegions& section : read) {
    image.regions.insert(image.regions.end(), section.regions.begin(), section.regions.end());
    if (section.storage) image.region_storage.push_back(std::move(section.storage));
  }
  for (WordArray& chunk : std::move(dense).chunks()) image.region_storage.push_back(std::move(chunk));
  std::sort(image.regions.begin(), image.regions.end(),
            [](const ImageRegion& a, const ImageRegion& b) { return a.address < b.address; });
  for (size_t i = 1; i < image.regions.size(); ++i) {
    if (image.regions[i].address < image.regions[i - 1].end()) {
      throw Error(file.path(), sections.front()->file_offset,
                  fmt::format("disjoint word regions, found two at {:#x}", image.regions[i].address));
    }
  }
}

}  // namespace reftally
