#include "analyzer/image/dump_file.h"

#include <fmt/format.h>
#include <zstd.h>

#include <algorithm>
#include <utility>

#include "runtime/dump/byte_planes.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace reftally {

std::string tag_name(uint32_t tag) {
  std::string name;
  for (int i = 0; i < 4; ++i) {
    const char letter = static_cast<char>(tag >> (8 * i));
    const bool printable = (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') || letter == ' ';
    name += printable ? letter : '?';
  }
  while (name.size() > 1 && name.back() == ' ') name.pop_back();
  return name;
}

DumpPayload::DumpPayload(const std::string& file, const DumpSection& section, std::span<const uint8_t> stored,
                         std::unique_ptr<uint8_t[]> decompressed)
    : file_(&file), section_(&section), stored_(stored), decompressed_(std::move(decompressed)) {}

Cursor DumpPayload::cursor() const {
  const bool compressed = section_->header.flags & dump::kFlagZstd;
  return Cursor(*file_, bytes(), section_->payload_offset(), compressed);
}

DumpFile::DumpFile(const std::string& path) : file_(path) {
  read_header();
  read_sections(read_trailer());
}

void DumpFile::read_header() {
  Cursor cursor(path(), file_.bytes());
  const auto magic = cursor.take(sizeof dump::kMagic, "a Reftally dump (its first 8 bytes)");
  if (!std::equal(magic.begin(), magic.end(), dump::kMagic)) {
    const bool is_elf = magic[0] == 0x7f && magic[1] == 'E' && magic[2] == 'L' && magic[3] == 'F';
    throw Error(path(), 0,
                is_elf ? "a Reftally dump; this is an ELF file, and if a core then `reftally analyze` reads it"
                       : "a Reftally dump (the bytes 89 'TALLY' 0d 0a), as `reftally run -- PROGRAM` writes it");
  }
  cursor.seek(0, "");
  header_ = cursor.read<dump::FileHeader>("a dump header of 24 bytes");
  if (header_.byte_order != dump::kByteOrderMark) {
    throw Error(path(), offsetof(dump::FileHeader, byte_order), "a little-endian dump");
  }
  if (header_.version_major != dump::kVersionMajor) {
    throw Error(path(), offsetof(dump::FileHeader, version_major),
                fmt::format("format version {}, found {}.{}", dump::kVersionMajor, header_.version_major,
                            header_.version_minor));
  }
  if (header_.architecture != dump::kArchitectureX86_64) {
    throw Error(
        path(), offsetof(dump::FileHeader, architecture),
        fmt::format("architecture x86-64 (ELF machine {}), found {}", dump::kArchitectureX86_64, header_.architecture));
  }
  if (header_.header_size < sizeof(dump::FileHeader)) {
    throw Error(path(), offsetof(dump::FileHeader, header_size), "a header size of at least 24");
  }
}

uint64_t DumpFile::read_trailer() const {
  const uint64_t size = file_size();
  constexpr uint64_t kTrailerSize = sizeof(dump::FileTrailer);
  if (size < header_.header_size + kTrailerSize) throw Error(path(), size, "a trailer: the file is cut off");
  Cursor cursor(path(), file_.bytes());
  cursor.seek(size - kTrailerSize, "a trailer");
  const auto trailer = cursor.read<dump::FileTrailer>("a trailer");
  if (!std::equal(std::begin(trailer.magic), std::end(trailer.magic), dump::kTrailerMagic)) {
    throw Error(path(), size - sizeof dump::kTrailerMagic, "the trailer's magic: the file is cut off or damaged");
  }
  if (trailer.file_size != size) {
    throw Error(path(), size - kTrailerSize + offsetof(dump::FileTrailer, file_size),
                fmt::format("the file size {}, found {}", size, trailer.file_size));
  }
  if (trailer.toc_offset < header_.header_size || trailer.toc_offset > size - kTrailerSize) {
    throw Error(path(), size - kTrailerSize, "the offset of the table of contents, inside the file");
  }
  return trailer.toc_offset;
}

DumpSection DumpFile::read_section(Cursor& cursor) const {
  DumpSection section{{}, cursor.position()};
  section.header = cursor.read<dump::SectionHeader>("a section header of 40 bytes");
  const dump::SectionHeader& header = section.header;
  const std::string name = tag_name(header.tag);
  auto expect = [&](bool holds, size_t field, const std::string& expected) {
    if (!holds) throw Error(path(), section.file_offset + field, fmt::format("{} in section {}", expected, name));
  };
  expect(header.raw_size <= dump::kMaxSectionRaw, offsetof(dump::SectionHeader, raw_size),
         fmt::format("a raw size of at most {}", dump::kMaxSectionRaw));
  constexpr uint32_t kBoth = dump::kFlagZstd | dump::kFlagPlanes;
  expect((header.flags & ~kBoth) == 0 && (header.flags & kBoth) != dump::kFlagPlanes,
         offsetof(dump::SectionHeader, flags), "flags of format version 1");
  expect((header.flags & dump::kFlagZstd) || header.stored_size == header.raw_size,
         offsetof(dump::SectionHeader, stored_size), "equal stored and raw sizes without compression");
  expect(header.record_size == 0 || header.raw_size % header.record_size == 0,
         offsetof(dump::SectionHeader, record_size), "a raw size that is a multiple of the record size");
  const std::string expected = fmt::format("{} bytes of payload in section {}", header.stored_size, name);
  cursor.take(header.stored_size, expected.c_str());
  return section;
}

void DumpFile::read_sections(uint64_t toc_offset) {
  Cursor cursor(path(), file_.bytes().first(file_size() - sizeof(dump::FileTrailer)));
  cursor.seek(header_.header_size, "the first section");
  while (cursor.position() < toc_offset) sections_.push_back(read_section(cursor));
  if (cursor.position() != toc_offset) cursor.fail("the table of contents where the trailer says");
  if (cursor.at_end()) return;  // a dump of nothing has no table either
  const DumpSection toc = read_section(cursor);
  if (!cursor.at_end()) cursor.fail("the trailer right after the table of contents");
  check_contents(toc);
}

void DumpFile::check_contents(const DumpSection& toc) const {
  if (toc.header.tag != dump::kTagContents) throw Error(path(), toc.file_offset, "a section with the tag 'TOC '");
  if (toc.header.record_size != sizeof(dump::TocEntry)) {
    throw Error(path(), toc.file_offset + offsetof(dump::SectionHeader, record_size), "a record size of 32");
  }
  const DumpPayload contents = payload(toc);
  Cursor cursor = contents.cursor();
  if (cursor.remaining() != sections_.size() * sizeof(dump::TocEntry)) {
    cursor.fail(fmt::format("a table of contents with {} entries", sections_.size()));
  }
  for (const DumpSection& section : sections_) {
    const auto entry = cursor.read<dump::TocEntry>("a table entry");
    if (entry.file_offset != section.file_offset || entry.tag != section.header.tag ||
        entry.flags != section.header.flags || entry.stored_size != section.header.stored_size ||
        entry.raw_size != section.header.raw_size) {
      throw Error(path(), section.file_offset,
                  fmt::format("section {} as the table of contents has it", tag_name(entry.tag)));
    }
  }
}

std::vector<const DumpSection*> DumpFile::sections(uint32_t tag) const {
  std::vector<const DumpSection*> found;
  for (const DumpSection& section : sections_) {
    if (section.header.tag == tag) found.push_back(&section);
  }
  return found;
}

DumpPayload DumpFile::payload(const DumpSection& section) const {
  const dump::SectionHeader& header = section.header;
  const std::span<const uint8_t> stored = file_.bytes().subspan(section.payload_offset(), header.stored_size);
  const uint64_t seed = XXH3_64bits(&header, offsetof(dump::SectionHeader, checksum));
  if (XXH3_64bits_withSeed(stored.data(), stored.size(), seed) != header.checksum) {
    throw Error(path(), section.file_offset,
                fmt::format("section {} with the checksum {:016x}: the file is damaged", tag_name(header.tag),
                            header.checksum));
  }
  if (!(header.flags & dump::kFlagZstd)) return DumpPayload(path(), section, stored, nullptr);
  auto raw = decompress(section, stored);
  if (header.flags & dump::kFlagPlanes) {
    const auto in_planes = std::exchange(raw, std::make_unique_for_overwrite<uint8_t[]>(header.raw_size));
    dump::from_planes(in_planes.get(), header.raw_size, raw.get());
  }
  return DumpPayload(path(), section, stored, std::move(raw));
}

std::unique_ptr<uint8_t[]> DumpFile::decompress(const DumpSection& section, std::span<const uint8_t> stored) const {
  const dump::SectionHeader& header = section.header;
  auto raw = std::make_unique_for_overwrite<uint8_t[]>(header.raw_size);
  const size_t size = ZSTD_decompress(raw.get(), header.raw_size, stored.data(), stored.size());
  if (ZSTD_isError(size) || size != header.raw_size) {
    throw Error(path(), section.payload_offset(),
                fmt::format("a zstd frame of {} bytes in section {}", header.raw_size, tag_name(header.tag)));
  }
  return raw;
}

}  // namespace reftally
