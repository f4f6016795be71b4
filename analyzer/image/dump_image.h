// The door from a dump (runtime/dump/format.h) to an Image. Throws Error for anything that is not a whole and
// consistent dump: nothing behind this door checks again.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/image/image.h"

namespace reftally {

Image read_dump(const std::string& path);

// Bytes of memory that an analysis of the dump takes, about, the program's debug information not counted; 0 of a file
// that is no whole dump.
uint64_t memory_of_analysis(const std::string& path);

// What `reftally info` tells of a file, without building an image.
struct DumpSummary {
  struct Section {  // all sections of one tag
    std::string name;
    bool known = true;
    uint64_t sections = 0, records = 0;  // records: 0 for sections without fixed-width records
    uint64_t stored_size = 0, raw_size = 0;
  };
  uint16_t version_major = 0, version_minor = 0;
  uint64_t file_size = 0;
  ImageProcess process;
  std::vector<Section> sections;  // in order of first occurrence
  std::vector<std::pair<dump::NoteKind, std::string>> notes;
};

DumpSummary summarize_dump(const std::string& path);  // checks every checksum
ImageProcess process_of_dump(const std::string& path);  // without reading the rest

}  // namespace reftally
