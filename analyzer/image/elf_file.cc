#include <elfutils/libdwelf.h>
#include <fcntl.h>
#include <gelf.h>
#include <unistd.h>

#include <cstring>

#include "analyzer/image/module_files.h"

namespace reftally {

std::unique_ptr<ElfFile> ElfFile::open(const std::string& path) {
  static const unsigned version = elf_version(EV_CURRENT);
  if (version == EV_NONE) return nullptr;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return nullptr;
  Elf* elf = elf_begin(fd, ELF_C_READ_MMAP, nullptr);
  if (elf && elf_kind(elf) == ELF_K_ELF) return std::unique_ptr<ElfFile>(new ElfFile(path, fd, elf));
  elf_end(elf);
  close(fd);
  return nullptr;
}

ElfFile::~ElfFile() {
  elf_end(elf_);
  close(fd_);
}

std::string ElfFile::build_id() const {
  const void* bytes = nullptr;
  const ssize_t size = dwelf_elf_gnu_build_id(elf_, &bytes);
  return size > 0 ? std::string(static_cast<const char*>(bytes), static_cast<size_t>(size)) : "";
}

Elf_Scn* ElfFile::find_section(std::string_view name) const {
  size_t names = 0;
  if (elf_getshdrstrndx(elf_, &names) != 0) return nullptr;
  for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf_, section));) {
    GElf_Shdr header;
    if (!gelf_getshdr(section, &header)) continue;
    const char* found = elf_strptr(elf_, names, header.sh_name);
    if (found && name == found) return section;
  }
  return nullptr;
}

std::span<const uint8_t> ElfFile::section(std::string_view name) const {
  Elf_Scn* section = find_section(name);
  GElf_Shdr header;
  if (!section || !gelf_getshdr(section, &header) || header.sh_type == SHT_NOBITS) return {};
  const Elf_Data* data = elf_getdata(section, nullptr);
  if (!data || !data->d_buf) return {};
  return {static_cast<const uint8_t*>(data->d_buf), data->d_size};
}

bool ElfFile::has_section(std::string_view name) const {
  Elf_Scn* section = find_section(name);
  GElf_Shdr header;
  return section && gelf_getshdr(section, &header) && header.sh_type != SHT_NOBITS;
}

bool ElfFile::is_zstd(std::string_view name) const {
  constexpr uint32_t kZstd = 2;  // ELFCOMPRESS_ZSTD, which elf.h has from glibc 2.37 on
  Elf_Scn* section = find_section(name);
  GElf_Chdr header;
  return section && gelf_getchdr(section, &header) && header.ch_type == kZstd;
}

std::optional<std::string> ElfFile::debug_link() const {
  GElf_Word crc = 0;
  const char* link = dwelf_elf_gnu_debuglink(elf_, &crc);
  if (!link) return std::nullopt;
  return link;
}

std::span<const uint8_t> ElfFile::loaded_from(uint64_t address) const {
  size_t count = 0, size = 0;
  const char* bytes = elf_rawfile(elf_, &size);
  if (!bytes || elf_getphdrnum(elf_, &count) != 0) return {};
  for (size_t i = 0; i < count; ++i) {
    GElf_Phdr header;
    if (!gelf_getphdr(elf_, static_cast<int>(i), &header) || header.p_type != PT_LOAD) continue;
    const uint64_t offset = address - header.p_vaddr;
    if (offset >= header.p_filesz) continue;
    if (header.p_offset > size || header.p_filesz > size - header.p_offset) continue;
    return {reinterpret_cast<const uint8_t*>(bytes) + header.p_offset + offset, header.p_filesz - offset};
  }
  return {};
}

std::optional<uint64_t> ElfFile::word(uint64_t address) const {
  const std::span<const uint8_t> bytes = loaded_from(address);
  uint64_t value = 0;
  if (bytes.size() < sizeof value) return std::nullopt;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

}  // namespace reftally
