#include "analyzer/image/die_scanner.h"

#include <dwarf.h>

#include <catch2/catch.hpp>

using namespace reftally;

namespace {

using Bytes = std::vector<uint8_t>;

constexpr uint8_t kEnd = 0, kRoom = 250;

// A unit of DWARF 2 with an entry of abbreviation 1, and bytes for whatever its attribute wants.
Bytes unit_of(uint8_t address_size, uint8_t fill) {
  Bytes bytes = {kRoom, 0, 0, 0, 2, 0, 0, 0, 0, 0, address_size, 1};
  bytes.resize(4 + kRoom, fill);
  return bytes;
}

size_t entries_of(const Bytes& info, uint8_t form) {
  const Bytes abbrev = {1, DW_TAG_pointer_type, DW_CHILDREN_no, DW_AT_type, form, kEnd, kEnd, kEnd};
  DwarfSections sections;
  sections.info = info;
  sections.abbrev = abbrev;
  size_t count = 0;
  for (const DwarfUnit& unit : read_units(sections)) {
    DieScanner scanner(sections, unit);
    for (RawDie die; scanner.next(die);) ++count;
  }
  return count;
}

}  // namespace

TEST_CASE("a unit whose addresses have a size that no machine has is passed by") {
  CHECK(entries_of(unit_of(8, 0), DW_FORM_ref_addr) == 1);
  CHECK(entries_of(unit_of(4, 0), DW_FORM_ref_addr) == 1);
  CHECK(entries_of(unit_of(200, 0xff), DW_FORM_ref_addr) == 0);
  CHECK(entries_of(unit_of(0, 0), DW_FORM_ref_addr) == 0);
}

TEST_CASE("a form that is found in the entry is none that is found in the entry") {
  CHECK(entries_of(unit_of(8, DW_FORM_indirect), DW_FORM_indirect) == 0);
}
