// Every body of DWARF behind an image: executables or their debug files, dwz files, .dwo files.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "analyzer/image/die_scanner.h"
#include "analyzer/image/module_files.h"

namespace reftally {

struct DwarfFile {
  const ModuleFiles* module = nullptr;
  Dwarf* dwarf = nullptr;
  DwarfSections sections;
  std::vector<DwarfUnit> units;  // by offset, .debug_info before .debug_types

  const DwarfUnit* unit_at(uint64_t offset, bool in_types) const;
};

// One debugging information entry.
struct DieRef {
  uint32_t file = 0;
  bool in_types = false;
  uint64_t offset = 0;

  bool operator==(const DieRef&) const = default;
};

class DwarfFiles {
 public:
  explicit DwarfFiles(const std::vector<ModuleFiles>& modules);

  const std::deque<DwarfFile>& files() const { return files_; }
  Dwarf_Die die(const DieRef& ref) const;
  DieRef ref(Dwarf_Die* die) const;
  const DwarfFile& file_of(const DieRef& ref) const { return files_[ref.file]; }
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  uint32_t add(const ModuleFiles& module, Dwarf* dwarf, bool is_split, const DwarfSections* alternate);
  void add_split_units(const ModuleFiles& module);

  std::deque<DwarfFile> files_;  // a deque: sections are pointed to
  std::vector<std::string> warnings_;
};

}  // namespace reftally
