// Dumps as bytes, made section by section and uncompressed, so that a test can say exactly what is wrong with one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/dump/format.h"

namespace reftally::testing {

class DumpBuilder {
 public:
  struct Section {
    uint32_t tag;
    uint32_t record_size;
    std::string payload;
    uint32_t flags = 0;
    uint64_t raw_size = 0;  // 0: as the payload
  };

  dump::FileHeader header = plain_header();

  static dump::FileHeader plain_header();
  static dump::ProcessRecord plain_process();

  dump::StringRef string(const std::string& text);  // adds to the string pool
  void add_section(const Section& section) { sections_.push_back(section); }
  template <class Record>
  void add(uint32_t tag, const std::vector<Record>& records) {
    const auto* bytes = reinterpret_cast<const char*>(records.data());
    add_section({tag, sizeof(Record), std::string(bytes, records.size() * sizeof(Record))});
  }
  // A region with all words kept, or those whose bit in `keep` is set.
  void add_words(dump::WordRegion region, const std::vector<uint64_t>& words);
  void add_words(dump::WordRegion region, const std::vector<uint64_t>& bitmap, const std::vector<uint64_t>& kept);

  std::string bytes() const;  // a whole file; the string pool becomes its last section

 private:
  std::vector<Section> sections_;
  std::string strings_;
};

// A small dump with every section in it, all references among them valid.
DumpBuilder complete_dump();

// A file that is gone when the test is over.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& bytes, const std::string& suffix = ".tally");
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace reftally::testing
