#include "analyzer/image/dwarf_files.h"

#include <dwarf.h>
#include <fmt/format.h>
#include <gelf.h>

#include <algorithm>

namespace reftally {

namespace {

// After dwarf_begin_elf: libdw has decompressed the debug sections by then.
std::span<const uint8_t> section_data(Elf* elf, std::string_view wanted, bool is_split) {
  size_t names = 0;
  if (elf_getshdrstrndx(elf, &names) != 0) return {};
  for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf, section));) {
    GElf_Shdr header;
    if (!gelf_getshdr(section, &header) || header.sh_type == SHT_NOBITS) continue;
    const char* found = elf_strptr(elf, names, header.sh_name);
    if (!found) continue;
    std::string_view name = found;
    if (name.starts_with(".zdebug_")) {
      name.remove_prefix(2);
    } else if (name.starts_with(".")) {
      name.remove_prefix(1);
    }
    if (is_split != name.ends_with(".dwo")) continue;
    if (is_split) name.remove_suffix(4);
    if (name != wanted) continue;
    const Elf_Data* data = elf_getdata(section, nullptr);
    if (data && data->d_buf) return {static_cast<const uint8_t*>(data->d_buf), data->d_size};
  }
  return {};
}

DwarfSections read_sections(Dwarf* dwarf, bool is_split, const DwarfSections* alternate) {
  Elf* elf = dwarf_getelf(dwarf);
  DwarfSections sections;
  sections.info = section_data(elf, "debug_info", is_split);
  sections.types = section_data(elf, "debug_types", is_split);
  sections.abbrev = section_data(elf, "debug_abbrev", is_split);
  sections.str = section_data(elf, "debug_str", is_split);
  sections.line_str = section_data(elf, "debug_line_str", is_split);
  sections.str_offsets = section_data(elf, "debug_str_offsets", is_split);
  sections.alternate = alternate;
  sections.is_split = is_split;
  return sections;
}

}  // namespace

const DwarfUnit* DwarfFile::unit_at(uint64_t offset, bool in_types) const {
  auto after = std::partition_point(units.begin(), units.end(), [&](const DwarfUnit& unit) {
    return unit.in_types != in_types ? in_types : unit.offset <= offset;
  });
  return after == units.begin() ? nullptr : &*(after - 1);
}

DwarfFiles::DwarfFiles(const std::vector<ModuleFiles>& modules) {
  for (const ModuleFiles& module : modules) {
    if (!module.dwarf) continue;
    const DwarfSections* alternate = nullptr;
    if (module.alternate_dwarf) {
      alternate = &files_[add(module, module.alternate_dwarf.get(), false, nullptr)].sections;
    }
    add(module, module.dwarf.get(), false, alternate);
    add_split_units(module);
  }
}

uint32_t DwarfFiles::add(const ModuleFiles& module, Dwarf* dwarf, bool is_split, const DwarfSections* alternate) {
  DwarfFile& file = files_.emplace_back();
  file.module = &module;
  file.dwarf = dwarf;
  file.sections = read_sections(dwarf, is_split, alternate);
  file.units = read_units(file.sections);
  return static_cast<uint32_t>(files_.size() - 1);
}

// Each skeleton unit leads to a .dwo file, which libdw finds by its name and the folder of compilation.
void DwarfFiles::add_split_units(const ModuleFiles& module) {
  size_t missing = 0;
  std::string example;
  Dwarf_CU* unit = nullptr;
  Dwarf_Half version = 0;
  uint8_t type = 0;
  Dwarf_Die unit_die, split_die;
  while (dwarf_get_units(module.dwarf.get(), unit, &unit, &version, &type, &unit_die, &split_die) == 0) {
    if (type != DW_UT_skeleton) continue;
    if (split_die.addr) {
      add(module, dwarf_cu_getdwarf(split_die.cu), true, nullptr);
      continue;
    }
    Dwarf_Attribute attribute;
    const char* name = dwarf_formstring(dwarf_attr(&unit_die, DW_AT_dwo_name, &attribute));
    if (!name) name = dwarf_formstring(dwarf_attr(&unit_die, DW_AT_GNU_dwo_name, &attribute));
    if (missing++ == 0 && name) example = name;
  }
  if (missing) {
    warnings_.push_back(fmt::format("{}: {} split debug file{} missing, the first is {}", module.module->path, missing,
                                    missing == 1 ? " is" : "s are", example));
  }
}

Dwarf_Die DwarfFiles::die(const DieRef& ref) const {
  Dwarf_Die result{};
  Dwarf* dwarf = files_[ref.file].dwarf;
  const bool found = ref.in_types ? dwarf_offdie_types(dwarf, ref.offset, &result) != nullptr
                                  : dwarf_offdie(dwarf, ref.offset, &result) != nullptr;
  if (!found) result = Dwarf_Die{};
  return result;
}

DieRef DwarfFiles::ref(Dwarf_Die* die) const {
  Dwarf* dwarf = dwarf_cu_getdwarf(die->cu);
  DieRef result;
  result.offset = dwarf_dieoffset(die);
  for (uint32_t i = 0; i < files_.size(); ++i) {
    if (files_[i].dwarf == dwarf) result.file = i;
  }
  const auto& types = files_[result.file].sections.types;
  const auto* place = static_cast<const uint8_t*>(die->addr);
  result.in_types = !types.empty() && place >= types.data() && place < types.data() + types.size();
  return result;
}

}  // namespace reftally
