// Fixed-width records of a dump, whatever minor version wrote them.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "analyzer/base/in_order.h"
#include "analyzer/image/dump_file.h"

namespace reftally {

// Where a record stands, to say so in an error.
struct RecordPlace {
  const DumpFile& file;
  const DumpSection& section;
  uint64_t index = 0;  // in this section

  [[noreturn]] void fail(const std::string& expected) const {
    const bool compressed = section.header.flags & dump::kFlagZstd;
    throw Error(file.path(), section.payload_offset() + (compressed ? 0 : index * section.header.record_size),
                fmt::format("{} in record {} of section {}", expected, index, tag_name(section.header.tag)));
  }
  void expect(bool holds, const char* expected) const {
    if (!holds) fail(expected);
  }
};

// Bytes of a record in version 1.0, where fields were added since: they read as 0.
template <class Record>
inline constexpr uint32_t kFirstSize = sizeof(Record);
template <>
inline constexpr uint32_t kFirstSize<dump::ModuleRecord> = 32;
template <>
inline constexpr uint32_t kFirstSize<dump::ProcessRecord> = 88;

// Calls visit(record, place) for each record with this tag. A newer writer's longer records lose their tail.
template <class Record, class Visit>
void for_each_record(const DumpFile& file, uint32_t tag, Visit visit) {
  const std::vector<const DumpSection*> sections = file.sections(tag);
  auto read = [&](size_t i) {
    const dump::SectionHeader& header = sections[i]->header;
    if (header.record_size < kFirstSize<Record>) {
      throw Error(file.path(), sections[i]->file_offset + offsetof(dump::SectionHeader, record_size),
                  fmt::format("a record size of at least {} in section {}", kFirstSize<Record>, tag_name(tag)));
    }
    return std::pair(sections[i], file.payload(*sections[i]));
  };
  in_order(sections.size(), read, [&](const std::pair<const DumpSection*, DumpPayload>& section_read) {
    const auto& [section, payload] = section_read;
    const uint32_t record_size = section->header.record_size;
    const std::span<const uint8_t> bytes = payload.bytes();
    RecordPlace place{file, *section};
    for (uint64_t at = 0; at < bytes.size(); at += record_size, ++place.index) {
      Record record{};
      std::memcpy(static_cast<void*>(&record), bytes.data() + at, std::min<size_t>(record_size, sizeof record));
      visit(record, place);
    }
  });
}

}  // namespace reftally
