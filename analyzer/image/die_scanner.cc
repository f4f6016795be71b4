#include "analyzer/image/die_scanner.h"

#include <dwarf.h>

#include <cstring>

namespace reftally {

namespace {

constexpr uint64_t kMaxDirectCode = 1 << 16;

uint64_t read_little_endian(const uint8_t* bytes, int size) {  // size: 8 at most
  uint64_t value = 0;
  std::memcpy(&value, bytes, static_cast<size_t>(size));
  return value;
}

std::string_view string_at(std::span<const uint8_t> pool, uint64_t offset) {
  if (offset >= pool.size()) return {};
  const auto* begin = reinterpret_cast<const char*>(pool.data() + offset);
  return {begin, strnlen(begin, pool.size() - offset)};
}

bool needed(uint16_t attribute) {
  switch (attribute) {
    case DW_AT_name:
    case DW_AT_declaration:
    case DW_AT_linkage_name:
    case DW_AT_MIPS_linkage_name:
    case DW_AT_location:
    case DW_AT_sibling:
    case DW_AT_byte_size:
    case DW_AT_decl_line:
    case DW_AT_specification:
    case DW_AT_abstract_origin:
    case DW_AT_type:
    case DW_AT_str_offsets_base:
      return true;
    default:
      return false;
  }
}

// Reads the header at `offset`; unit.end is 0 when it is damaged.
DwarfUnit read_unit(std::span<const uint8_t> bytes, uint64_t offset, const DwarfSections& sections, bool in_types) {
  DwarfUnit unit;
  unit.bytes = bytes;
  unit.offset = offset;
  unit.in_types = in_types;
  uint64_t at = offset;
  auto take = [&](int size) -> uint64_t {
    if (bytes.size() - at < static_cast<uint64_t>(size)) {
      at = bytes.size();
      return 0;
    }
    const uint64_t value = read_little_endian(bytes.data() + at, size);
    at += static_cast<uint64_t>(size);
    return value;
  };
  uint64_t length = take(4);
  if (length == 0xffffffff) {
    unit.offset_size = 8;
    length = take(8);
  }
  if (length < 7 || length > bytes.size() - at) return unit;
  const uint64_t end = at + length;
  unit.first_die = unit.end = end;
  unit.version = static_cast<uint16_t>(take(2));
  if (unit.version < 2 || unit.version > 5) {
    unit.version = 0;
    return unit;
  }
  uint64_t type = in_types ? DW_UT_type : DW_UT_compile;
  if (unit.version == 5) {
    type = take(1);
    unit.address_size = static_cast<uint8_t>(take(1));
    unit.abbrev_offset = take(unit.offset_size);
  } else {
    unit.abbrev_offset = take(unit.offset_size);
    unit.address_size = static_cast<uint8_t>(take(1));
  }
  if (unit.address_size != 4 && unit.address_size != 8) {
    unit.version = 0;
    return unit;
  }
  if (type == DW_UT_skeleton || type == DW_UT_split_compile) take(8);
  if (type == DW_UT_type || type == DW_UT_split_type) {
    take(8);
    take(unit.offset_size);
  }
  // A .dwo has no DW_AT_str_offsets_base: one contribution, in DWARF 5 behind a header.
  if (sections.is_split && unit.version == 5) unit.str_offsets_base = unit.offset_size == 8 ? 16 : 8;
  unit.first_die = at;
  return unit;
}

}  // namespace

std::vector<DwarfUnit> read_units(const DwarfSections& sections) {
  std::vector<DwarfUnit> units;
  for (const bool in_types : {false, true}) {
    const std::span<const uint8_t> bytes = in_types ? sections.types : sections.info;
    for (uint64_t offset = 0; offset < bytes.size();) {
      const DwarfUnit unit = read_unit(bytes, offset, sections, in_types);
      if (unit.end <= offset) break;
      if (unit.version) units.push_back(unit);
      offset = unit.end;
    }
  }
  return units;
}

DieScanner::DieScanner(const DwarfSections& sections, const DwarfUnit& unit)
    : sections_(sections), unit_(unit), position_(unit.first_die), str_offsets_base_(unit.str_offsets_base) {
  read_abbreviations();
}

void DieScanner::read_abbreviations() {
  const std::span<const uint8_t> bytes = sections_.abbrev;
  uint64_t at = unit_.abbrev_offset;
  auto uleb = [&] {
    uint64_t value = 0;
    for (int shift = 0; at < bytes.size(); shift += 7) {
      const uint8_t byte = bytes[at++];
      if (shift < 64) value |= uint64_t{byte & 0x7fu} << shift;
      if (!(byte & 0x80)) break;
    }
    return value;
  };
  auto sleb = [&] {
    uint64_t value = 0;
    int shift = 0;
    uint8_t byte = 0;
    do {
      if (at >= bytes.size()) return int64_t{0};
      byte = bytes[at++];
      if (shift < 64) value |= uint64_t{byte & 0x7fu} << shift;
      shift += 7;
    } while (byte & 0x80);
    if (shift < 64 && (byte & 0x40)) value |= ~uint64_t{0} << shift;
    return static_cast<int64_t>(value);
  };
  while (at < bytes.size()) {
    const uint64_t code = uleb();
    if (code == 0) break;
    Abbreviation abbreviation;
    abbreviation.tag = static_cast<uint16_t>(uleb());
    abbreviation.has_children = at < bytes.size() && bytes[at++] != 0;
    abbreviation.first = static_cast<uint32_t>(attributes_.size());
    abbreviation.is_plain = true;
    while (at < bytes.size()) {
      const auto name = static_cast<uint16_t>(uleb());
      const auto form = static_cast<uint16_t>(uleb());
      const int64_t implicit = form == DW_FORM_implicit_const ? sleb() : 0;
      if (name == 0 && form == 0) break;
      attributes_.push_back({name, form, implicit});
      const int size = fixed_form_size(form);
      if (size < 0 || needed(name)) abbreviation.is_plain = false;
      if (size > 0) abbreviation.fixed_size += static_cast<uint32_t>(size);
    }
    abbreviation.count = static_cast<uint32_t>(attributes_.size()) - abbreviation.first;
    if (code >= kMaxDirectCode) {
      odd_abbreviations_.emplace_back(code, abbreviation);
      continue;
    }
    if (code >= abbreviations_.size()) abbreviations_.resize(code + 1);
    abbreviations_[code] = abbreviation;
  }
}

const DieScanner::Abbreviation* DieScanner::abbreviation(uint64_t code) const {
  if (code < abbreviations_.size()) return abbreviations_[code].tag ? &abbreviations_[code] : nullptr;
  for (const auto& [odd_code, abbreviation] : odd_abbreviations_) {
    if (odd_code == code) return &abbreviation;
  }
  return nullptr;
}

bool DieScanner::next(RawDie& die) {
  while (!failed_ && position_ < unit_.end) {
    const uint64_t offset = position_;
    const uint64_t code = read_uleb();
    if (code == 0) {
      if (--next_depth_ <= 0) return false;
      continue;
    }
    const Abbreviation* abbreviation = this->abbreviation(code);
    if (!abbreviation) return false;
    die = RawDie{};
    die.offset = offset;
    die.tag = abbreviation->tag;
    die.has_children = abbreviation->has_children;
    depth_ = next_depth_;
    if (abbreviation->has_children) ++next_depth_;
    if (abbreviation->is_plain) {
      skip(abbreviation->fixed_size);
    } else {
      for (uint32_t i = 0; i < abbreviation->count && !failed_; ++i) {
        read_attribute(attributes_[abbreviation->first + i], die);
      }
    }
    return !failed_;
  }
  return false;
}

bool DieScanner::skip_children(const RawDie& die) {
  if (!die.has_children) return true;
  if (die.sibling <= position_ || die.sibling > unit_.end) return false;
  position_ = die.sibling;
  --next_depth_;
  return true;
}

void DieScanner::read_attribute(const Attribute& attribute, RawDie& die) {
  switch (attribute.name) {
    case DW_AT_name:
      die.name = read_string(attribute.form);
      return;
    case DW_AT_declaration:
      die.is_declaration = read_constant(attribute) != 0;
      return;
    case DW_AT_linkage_name:
    case DW_AT_MIPS_linkage_name:
      die.linkage_name = read_string(attribute.form);
      return;
    case DW_AT_sibling:
      die.sibling = read_reference(attribute.form);
      return;
    case DW_AT_byte_size:
      die.byte_size = read_constant(attribute);
      return;
    case DW_AT_decl_line:
      die.line = read_constant(attribute);
      return;
    case DW_AT_specification:
    case DW_AT_abstract_origin:
      die.reference = read_reference(attribute.form);
      return;
    case DW_AT_type:
      die.type = read_reference(attribute.form);
      return;
    case DW_AT_str_offsets_base:
      str_offsets_base_ = read_constant(attribute);
      return;
    case DW_AT_location:
      return read_location(attribute, die);
    default:
      return skip_form(attribute.form);
  }
}

// A static variable's expression begins with its address, or ends with the push of a thread-local one.
void DieScanner::read_location(const Attribute& attribute, RawDie& die) {
  uint64_t size = 0;
  switch (attribute.form) {
    case DW_FORM_exprloc:
    case DW_FORM_block:
      size = read_uleb();
      break;
    case DW_FORM_block1:
      size = read_uint(1);
      break;
    default:
      return skip_form(attribute.form);
  }
  if (size > 0 && position_ < unit_.end) {
    const uint8_t first = unit_.bytes[position_];
    const uint8_t last = size <= unit_.end - position_ ? unit_.bytes[position_ + size - 1] : 0;
    die.has_static_location = first == DW_OP_addr || first == DW_OP_addrx || first == DW_OP_GNU_addr_index ||
                              last == DW_OP_GNU_push_tls_address || last == DW_OP_form_tls_address;
  }
  skip(size);
}

uint64_t DieScanner::read_reference(uint16_t form) {
  switch (form) {
    case DW_FORM_ref1:
      return unit_.offset + read_uint(1);
    case DW_FORM_ref2:
      return unit_.offset + read_uint(2);
    case DW_FORM_ref4:
      return unit_.offset + read_uint(4);
    case DW_FORM_ref8:
      return unit_.offset + read_uint(8);
    case DW_FORM_ref_udata:
      return unit_.offset + read_uleb();
    case DW_FORM_ref_addr:
      return read_uint(unit_.version == 2 ? unit_.address_size : unit_.offset_size);
    default:  // another file's or a type unit's
      skip_form(form);
      return 0;
  }
}

std::string_view DieScanner::read_string(uint16_t form) {
  switch (form) {
    case DW_FORM_string: {
      const std::string_view text = string_at(unit_.bytes, position_);
      skip(text.size() + 1);
      return text;
    }
    case DW_FORM_strp:
      return string_at(sections_.str, read_uint(unit_.offset_size));
    case DW_FORM_line_strp:
      return string_at(sections_.line_str, read_uint(unit_.offset_size));
    case DW_FORM_GNU_strp_alt:
    case DW_FORM_strp_sup: {
      const uint64_t offset = read_uint(unit_.offset_size);
      return sections_.alternate ? string_at(sections_.alternate->str, offset) : std::string_view();
    }
    case DW_FORM_strx:
    case DW_FORM_GNU_str_index:
      return indexed_string(read_uleb());
    case DW_FORM_strx1:
    case DW_FORM_strx2:
    case DW_FORM_strx3:
    case DW_FORM_strx4:
      return indexed_string(read_uint(form - DW_FORM_strx1 + 1));
    default:
      skip_form(form);
      return {};
  }
}

std::string_view DieScanner::indexed_string(uint64_t index) const {
  const uint64_t at = str_offsets_base_ + index * unit_.offset_size;
  const std::span<const uint8_t> offsets = sections_.str_offsets;
  if (at > offsets.size() || offsets.size() - at < unit_.offset_size) return {};
  return string_at(sections_.str, read_little_endian(offsets.data() + at, unit_.offset_size));
}

uint64_t DieScanner::read_constant(const Attribute& attribute) {
  switch (attribute.form) {
    case DW_FORM_implicit_const:
      return static_cast<uint64_t>(attribute.implicit);
    case DW_FORM_flag_present:
      return 1;
    case DW_FORM_flag:
    case DW_FORM_data1:
      return read_uint(1);
    case DW_FORM_data2:
      return read_uint(2);
    case DW_FORM_data4:
      return read_uint(4);
    case DW_FORM_data8:
      return read_uint(8);
    case DW_FORM_udata:
      return read_uleb();
    case DW_FORM_sdata:
      return static_cast<uint64_t>(read_sleb());
    case DW_FORM_sec_offset:
      return read_uint(unit_.offset_size);
    default:
      skip_form(attribute.form);
      return 0;
  }
}

int DieScanner::fixed_form_size(uint16_t form) const {
  switch (form) {
    case DW_FORM_flag_present:
    case DW_FORM_implicit_const:
      return 0;
    case DW_FORM_data1:
    case DW_FORM_flag:
    case DW_FORM_ref1:
    case DW_FORM_strx1:
    case DW_FORM_addrx1:
      return 1;
    case DW_FORM_data2:
    case DW_FORM_ref2:
    case DW_FORM_strx2:
    case DW_FORM_addrx2:
      return 2;
    case DW_FORM_strx3:
    case DW_FORM_addrx3:
      return 3;
    case DW_FORM_data4:
    case DW_FORM_ref4:
    case DW_FORM_strx4:
    case DW_FORM_addrx4:
    case DW_FORM_ref_sup4:
      return 4;
    case DW_FORM_data8:
    case DW_FORM_ref8:
    case DW_FORM_ref_sig8:
    case DW_FORM_ref_sup8:
      return 8;
    case DW_FORM_data16:
      return 16;
    case DW_FORM_addr:
      return unit_.address_size;
    case DW_FORM_ref_addr:
      return unit_.version == 2 ? unit_.address_size : unit_.offset_size;
    case DW_FORM_strp:
    case DW_FORM_line_strp:
    case DW_FORM_sec_offset:
    case DW_FORM_strp_sup:
    case DW_FORM_GNU_strp_alt:
    case DW_FORM_GNU_ref_alt:
      return unit_.offset_size;
    default:
      return -1;
  }
}

void DieScanner::skip_form(uint16_t form) {
  if (const int size = fixed_form_size(form); size >= 0) return skip(static_cast<uint64_t>(size));
  switch (form) {
    case DW_FORM_string:
      return skip(string_at(unit_.bytes, position_).size() + 1);
    case DW_FORM_block1:
      return skip(read_uint(1));
    case DW_FORM_block2:
      return skip(read_uint(2));
    case DW_FORM_block4:
      return skip(read_uint(4));
    case DW_FORM_block:
    case DW_FORM_exprloc:
      return skip(read_uleb());
    case DW_FORM_indirect:
      if (const auto found = static_cast<uint16_t>(read_uleb()); found != DW_FORM_indirect) return skip_form(found);
      failed_ = true;
      return;
    case DW_FORM_sdata:
    case DW_FORM_udata:
    case DW_FORM_ref_udata:
    case DW_FORM_strx:
    case DW_FORM_addrx:
    case DW_FORM_loclistx:
    case DW_FORM_rnglistx:
    case DW_FORM_GNU_str_index:
    case DW_FORM_GNU_addr_index:
      read_uleb();
      return;
    default:
      failed_ = true;
  }
}

uint64_t DieScanner::read_uint(int size) {
  if (position_ > unit_.end || unit_.end - position_ < static_cast<uint64_t>(size)) {
    failed_ = true;
    return 0;
  }
  const uint64_t value = read_little_endian(unit_.bytes.data() + position_, size);
  position_ += static_cast<uint64_t>(size);
  return value;
}

uint64_t DieScanner::read_uleb() {
  uint64_t value = 0;
  for (int shift = 0; position_ < unit_.end; shift += 7) {
    const uint8_t byte = unit_.bytes[position_++];
    if (shift < 64) value |= uint64_t{byte & 0x7fu} << shift;
    if (!(byte & 0x80)) return value;
  }
  failed_ = true;
  return 0;
}

int64_t DieScanner::read_sleb() {
  uint64_t value = 0;
  for (int shift = 0; position_ < unit_.end;) {
    const uint8_t byte = unit_.bytes[position_++];
    if (shift < 64) value |= uint64_t{byte & 0x7fu} << shift;
    shift += 7;
    if (byte & 0x80) continue;
    if (shift < 64 && (byte & 0x40)) value |= ~uint64_t{0} << shift;
    return static_cast<int64_t>(value);
  }
  failed_ = true;
  return 0;
}

void DieScanner::skip(uint64_t size) {
  if (position_ > unit_.end || size > unit_.end - position_) {
    failed_ = true;
    return;
  }
  position_ += size;
}

}  // namespace reftally
