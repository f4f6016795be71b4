// The container of a dump: header, sections, table of contents, trailer, all checked against each other, so that
// a damaged byte anywhere is an error and not a different dump. What sections mean is dump_image's business.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "analyzer/base/cursor.h"
#include "runtime/dump/format.h"

namespace reftally {

struct DumpSection {
  dump::SectionHeader header;
  uint64_t file_offset;  // of the header

  uint64_t payload_offset() const { return file_offset + sizeof(dump::SectionHeader); }
};

// The raw payload of one section; owned when it had to be decompressed.
class DumpPayload {
 public:
  // `decompressed`: section.header.raw_size bytes, or null when it is stored as it is.
  DumpPayload(const std::string& file, const DumpSection& section, std::span<const uint8_t> stored,
              std::unique_ptr<uint8_t[]> decompressed);
  std::span<const uint8_t> bytes() const {
    return decompressed_ ? std::span<const uint8_t>(decompressed_.get(), section_->header.raw_size) : stored_;
  }
  Cursor cursor() const;  // its errors name the place in the file

 private:
  const std::string* file_;
  const DumpSection* section_;
  std::span<const uint8_t> stored_;
  std::unique_ptr<uint8_t[]> decompressed_;
};

class DumpFile {
 public:
  explicit DumpFile(const std::string& path);  // throws Error unless the container is whole

  const std::string& path() const { return file_.path(); }
  const dump::FileHeader& header() const { return header_; }
  uint64_t file_size() const { return file_.bytes().size(); }
  const std::vector<DumpSection>& sections() const { return sections_; }
  std::vector<const DumpSection*> sections(uint32_t tag) const;  // in file order

  DumpPayload payload(const DumpSection& section) const;  // checks the checksum; may be called from any thread

 private:
  void read_header();
  uint64_t read_trailer() const;  // offset of the table of contents
  void read_sections(uint64_t toc_offset);
  void check_contents(const DumpSection& toc) const;
  DumpSection read_section(Cursor& cursor) const;
  std::unique_ptr<uint8_t[]> decompress(const DumpSection& section, std::span<const uint8_t> stored) const;

  MappedFile file_;
  dump::FileHeader header_{};
  std::vector<DumpSection> sections_;  // without the table of contents
};

std::string tag_name(uint32_t tag);  // "BLKS"; bytes that are not letters as '?'

}  // namespace reftally
