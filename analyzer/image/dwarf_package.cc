#include "analyzer/image/dwarf_package.h"

#include <dwarf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <gelf.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <map>
#include <span>
#include <unordered_map>

#include "analyzer/image/type_names.h"

namespace reftally {

namespace {

using Bytes = std::span<const uint8_t>;

constexpr uint64_t kIndexHeader = 16;
constexpr uint32_t kMostColumns = 8;

uint32_t read32(Bytes bytes, uint64_t at) {
  uint32_t value = 0;
  if (at <= bytes.size() && bytes.size() - at >= sizeof value) std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

struct Section {
  std::string name;
  std::string bytes;
};

// What the columns of an index of version 2 (g++'s and clang's for DWARF 4) or 5 are parts of.
const char* section_of_column(uint32_t version, uint32_t column) {
  constexpr const char* kVersion2[] = {nullptr, "info",        "types",   "abbrev", "line",
                                       "loc",   "str_offsets", "macinfo", "macro"};
  constexpr const char* kVersion5[] = {nullptr,    "info",        nullptr, "abbrev",  "line",
                                       "loclists", "str_offsets", "macro", "rnglists"};
  return column >= std::size(kVersion5) ? nullptr : version == 5 ? kVersion5[column] : kVersion2[column];
}

// A unit's strings alone, for the package's table would be written once a unit: offsets are changed to match.
std::string take_strings(std::string& offsets, uint32_t version, Bytes all) {
  std::string strings;
  std::unordered_map<uint32_t, uint32_t> moved;
  const size_t header = version == 5 ? 8 : 0;
  for (size_t at = header; at + 4 <= offsets.size(); at += 4) {
    uint32_t offset = 0;
    std::memcpy(&offset, &offsets[at], sizeof offset);
    auto [found, added] = moved.try_emplace(offset, static_cast<uint32_t>(strings.size()));
    if (added && offset < all.size()) {
      const auto* begin = reinterpret_cast<const char*>(all.data()) + offset;
      strings.append(begin, strnlen(begin, all.size() - offset)).push_back('\0');
    }
    std::memcpy(&offsets[at], &found->second, sizeof offset);
  }
  return strings;
}

// One unit of a package, as the sections of its .dwo file.
std::vector<Section> sections_of(const ElfFile& package, Bytes index, uint64_t row) {
  const uint32_t version = read32(index, 0), columns = read32(index, 4), units = read32(index, 8),
                 slots = read32(index, 12);
  const uint64_t ids = kIndexHeader + uint64_t{slots} * 12, offsets = ids + uint64_t{columns} * 4;
  const uint64_t sizes = offsets + uint64_t{units} * columns * 4;
  std::vector<Section> sections;
  if (columns > kMostColumns) return sections;
  std::string strings;
  for (uint64_t column = 0; column < columns; ++column) {
    const char* name = section_of_column(version, read32(index, ids + 4 * column));
    const uint64_t cell = ((row - 1) * columns + column) * 4;
    const uint64_t offset = read32(index, offsets + cell), size = read32(index, sizes + cell);
    if (!name || size == 0) continue;
    const Bytes all = package.section(fmt::format(".debug_{}.dwo", name));
    if (offset > all.size() || size > all.size() - offset) return {};
    Section section{fmt::format(".debug_{}.dwo", name),
                    std::string(reinterpret_cast<const char*>(all.data()) + offset, size)};
    if (std::string_view(name) == "str_offsets")
      strings = take_strings(section.bytes, version, package.section(".debug_str.dwo"));
    sections.push_back(std::move(section));
  }
  sections.push_back({".debug_str.dwo", std::move(strings)});
  return sections;
}

void add_section(Elf* elf, Section& section, size_t name, uint32_t type) {
  Elf_Scn* made = elf_newscn(elf);
  Elf_Data* data = elf_newdata(made);
  data->d_buf = section.bytes.data();
  data->d_size = section.bytes.size();
  data->d_type = ELF_T_BYTE;
  data->d_align = 1;
  GElf_Shdr header;
  gelf_getshdr(made, &header);
  header.sh_name = static_cast<GElf_Word>(name);
  header.sh_type = type;
  gelf_update_shdr(made, &header);
}

bool write_object(const std::string& path, std::vector<Section> sections) {
  const int fd = ::open(path.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
  Elf* elf = fd < 0 ? nullptr : elf_begin(fd, ELF_C_WRITE, nullptr);
  bool written = false;
  if (elf && gelf_newehdr(elf, ELFCLASS64)) {
    GElf_Ehdr header;
    gelf_getehdr(elf, &header);
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_type = ET_REL;
    header.e_machine = EM_X86_64;
    header.e_version = EV_CURRENT;
    Section names{".shstrtab", std::string(1, '\0')};
    sections.reserve(sections.size() + 1);
    for (Section& section : sections) {
      add_section(elf, section, names.bytes.size(), SHT_PROGBITS);
      names.bytes += section.name + '\0';
    }
    const size_t own_name = names.bytes.size();
    names.bytes += names.name + '\0';
    add_section(elf, names, own_name, SHT_STRTAB);
    header.e_shstrndx = static_cast<GElf_Half>(sections.size() + 1);
    written = gelf_update_ehdr(elf, &header) != 0 && elf_update(elf, ELF_C_WRITE) >= 0;
    elf_end(elf);
  }
  if (fd >= 0) close(fd);
  return written;
}

// Relative names of .dwo files by the id of their unit, from the skeleton units of `file`.
std::map<uint64_t, std::string> split_names(const ElfFile& file) {
  std::map<uint64_t, std::string> names;
  const DwarfHandle dwarf = open_dwarf(file.elf());
  Dwarf_CU* unit = nullptr;
  Dwarf_Die die;
  while (dwarf && dwarf_get_units(dwarf.get(), unit, &unit, nullptr, nullptr, &die, nullptr) == 0) {
    uint8_t type = 0;
    uint64_t id = 0;
    Dwarf_Attribute attribute;
    if (dwarf_cu_info(unit, nullptr, &type, nullptr, nullptr, &id, nullptr, nullptr) != 0) continue;
    const char* name = dwarf_formstring(dwarf_attr(&die, DW_AT_dwo_name, &attribute));
    if (!name) name = dwarf_formstring(dwarf_attr(&die, DW_AT_GNU_dwo_name, &attribute));
    if (type == DW_UT_skeleton && name && name[0] != '/' && !strstr(name, "..")) names.emplace(id, name);
  }
  return names;
}

std::unique_ptr<ElfFile> find_package(const ElfFile& file, const std::vector<std::string>& folders) {
  if (auto package = ElfFile::open(file.path() + ".dwp")) return package;
  for (const std::string& folder : folders) {
    if (auto package = ElfFile::open(fmt::format("{}/{}.dwp", folder, base_name(file.path())))) return package;
  }
  return nullptr;
}

size_t unpack(const ElfFile& package, const std::map<uint64_t, std::string>& names, const std::string& folder) {
  const Bytes index = package.section(".debug_cu_index");
  const uint32_t version = read32(index, 0), units = read32(index, 8), slots = read32(index, 12);
  if ((version != 2 && version != 5) || kIndexHeader + uint64_t{slots} * 12 > index.size()) return 0;
  size_t count = 0;
  for (uint64_t slot = 0; slot < slots; ++slot) {
    uint64_t id = 0;
    std::memcpy(&id, index.data() + kIndexHeader + 8 * slot, sizeof id);
    const uint32_t row = read32(index, kIndexHeader + uint64_t{slots} * 8 + 4 * slot);
    const auto name = names.find(id);
    if (row == 0 || row > units || name == names.end()) continue;
    const std::filesystem::path path = std::filesystem::path(folder) / name->second;
    std::error_code failed;
    std::filesystem::create_directories(path.parent_path(), failed);
    std::vector<Section> sections = sections_of(package, index, row);
    count += !sections.empty() && write_object(path, std::move(sections));
  }
  return count;
}

}  // namespace

std::unique_ptr<UnpackedPackage> UnpackedPackage::open(const ElfFile& file, const std::vector<std::string>& folders) {
  const std::unique_ptr<ElfFile> package = find_package(file, folders);
  if (!package) return nullptr;
  std::error_code failed;
  std::string pattern = (std::filesystem::temp_directory_path(failed) / "reftally-dwp-XXXXXX").string();
  if (failed || !mkdtemp(pattern.data())) return nullptr;
  std::unique_ptr<UnpackedPackage> unpacked(new UnpackedPackage);
  unpacked->folder_ = pattern;
  const std::filesystem::path link = std::filesystem::path(pattern) / base_name(file.path());
  std::filesystem::create_hard_link(file.path(), link, failed);
  if (failed) std::filesystem::copy_file(file.path(), link, failed);
  if (failed || unpack(*package, split_names(file), pattern) == 0) return nullptr;
  unpacked->link_ = ElfFile::open(link);
  return unpacked->link_ ? std::move(unpacked) : nullptr;
}

UnpackedPackage::~UnpackedPackage() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

}  // namespace reftally
