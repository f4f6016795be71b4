#include "analyzer/image/dump_words.h"

#include <fmt/format.h>

#include "analyzer/base/parallel.h"

namespace reftally {

namespace {

constexpr unsigned kThreads = 2;

struct RegionSource {
  dump::WordRegion header;
  std::span<const uint8_t> bitmap, kept;
};

struct SectionRegions {
  WordArray storage;  // of all regions of the section: words, then bitmap, region by region
  std::vector<ImageRegion> regions;
  const DumpSection* section = nullptr;
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
  const dump::WordRegion& header = source.header;
  uint64_t* known = to + header.word_count;
  std::memcpy(known, source.bitmap.data(), source.bitmap.size());
  const uint32_t tail = header.word_count % 64;
  if (tail && known[bitmap_words(header) - 1] >> tail) place.fail("no bits beyond the words of a region");
  uint64_t kept = 0;
  for (uint64_t i = 0; i < bitmap_words(header); ++i) {
    for (uint64_t bits = known[i]; bits; bits &= bits - 1, ++kept) {
      if (kept == header.kept_count) place.fail("as many bits as words in a region");
      std::memcpy(&to[64 * i + std::countr_zero(bits)], source.kept.data() + 8 * kept, 8);
    }
  }
  if (kept != header.kept_count) place.fail("as many bits as words in a region");
  return {header.address, header.word_count, known_kind(header.kind), header.thread, to, known};
}

SectionRegions read_section(const DumpFile& file, const DumpSection& section, size_t thread_count) {
  const DumpPayload payload = file.payload(section);
  std::vector<RegionSource> sources;
  uint64_t size = 0;
  Cursor cursor = payload.cursor();
  while (!cursor.at_end()) {
    sources.push_back(read_region(cursor, thread_count));
    size += sources.back().header.word_count + bitmap_words(sources.back().header);
  }
  SectionRegions result{zeroed_words(size), {}, &section};
  uint64_t* to = result.storage.get();
  for (const RegionSource& source : sources) {
    result.regions.push_back(expand_region(source, to, cursor));
    to += source.header.word_count + bitmap_words(source.header);
  }
  return result;
}

}  // namespace

void read_word_regions(const DumpFile& file, Image& image) {
  const std::vector<const DumpSection*> sections = file.sections(dump::kTagWords);
  std::vector<SectionRegions> read(sections.size());
  parallel_for(sections.size(), kThreads,
               [&](size_t i) { read[i] = read_section(file, *sections[i], image.threads.size()); });
  for (SectionRegions& section : read) {
    image.regions.insert(image.regions.end(), section.regions.begin(), section.regions.end());
    image.region_storage.push_back(std::move(section.storage));
  }
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
