// A fast walk over raw DWARF: every entry of a unit, decoded only as far as an index needs. libdw decodes one
// attribute at a time and looks each abbreviation up; over hundreds of megabytes that is what takes the time.
// Reads DWARF 2 to 5, in executables, debug files, dwz files and .dwo files. Never throws: damage ends a unit.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace reftally {

struct DwarfSections {
  std::span<const uint8_t> info, types, abbrev, str, line_str, str_offsets;
  const DwarfSections* alternate = nullptr;  // dwz file, for DW_FORM_GNU_strp_alt
  bool is_split = false;                     // .dwo
};

struct DwarfUnit {
  std::span<const uint8_t> bytes;  // of the whole section: offsets count from its begin
  uint64_t offset = 0;             // of the unit header
  uint64_t first_die = 0, end = 0;
  uint64_t abbrev_offset = 0;
  uint64_t str_offsets_base = 0;
  uint16_t version = 0;
  uint8_t offset_size = 4, address_size = 8;
  bool in_types = false;  // of .debug_types
};

std::vector<DwarfUnit> read_units(const DwarfSections& sections);

// What of an entry an index needs. Absent attributes are 0 or empty.
struct RawDie {
  uint64_t offset = 0;
  uint16_t tag = 0;
  bool has_children = false;
  bool is_declaration = false;
  bool has_static_location = false;  // DW_AT_location that is a fixed or thread-local address
  uint64_t sibling = 0;              // section offset
  uint64_t byte_size = 0;
  uint64_t line = 0;
  uint64_t reference = 0;  // section offset of DW_AT_specification or DW_AT_abstract_origin in this section
  uint64_t type = 0;       // section offset of DW_AT_type in this section
  std::string_view name, linkage_name;
};

class DieScanner {
 public:
  DieScanner(const DwarfSections& sections, const DwarfUnit& unit);

  bool next(RawDie& die);               // false at the end of the unit
  int depth() const { return depth_; }  // of the entry next() gave; the unit's own has 0
  // Skips the children of the entry next() gave when a DW_AT_sibling leads past them.
  bool skip_children(const RawDie& die);

 private:
  struct Attribute {
    uint16_t name, form;
    int64_t implicit;
  };
  struct Abbreviation {
    uint32_t first = 0, count = 0;  // attributes
    uint16_t tag = 0;
    bool has_children = false;
    bool is_plain = false;    // no attribute an index needs, all of fixed size:
    uint32_t fixed_size = 0;  // the sum
  };

  void read_abbreviations();
  const Abbreviation* abbreviation(uint64_t code) const;
  void read_attribute(const Attribute& attribute, RawDie& die);
  void read_location(const Attribute& attribute, RawDie& die);
  uint64_t read_reference(uint16_t form);
  std::string_view read_string(uint16_t form);
  std::string_view indexed_string(uint64_t index) const;
  uint64_t read_constant(const Attribute& attribute);
  void skip_form(uint16_t form);
  int fixed_form_size(uint16_t form) const;  // -1 when it varies

  uint64_t read_uint(int size);
  uint64_t read_uleb();
  int64_t read_sleb();
  void skip(uint64_t size);

  const DwarfSections& sections_;
  const DwarfUnit& unit_;
  std::vector<Abbreviation> abbreviations_;  // by code, as compilers number them from 1
  std::vector<std::pair<uint64_t, Abbreviation>> odd_abbreviations_;
  std::vector<Attribute> attributes_;
  uint64_t position_;
  uint64_t str_offsets_base_;
  int depth_ = 0, next_depth_ = 0;
  bool failed_ = false;
};

}  // namespace reftally
