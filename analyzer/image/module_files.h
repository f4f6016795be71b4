// The files behind a module of an image: the ELF file itself, its separate debug file, its dwz file. Only files
// whose build-id is the dump's are used.
#pragma once

#include <elfutils/libdw.h>
#include <libelf.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "analyzer/image/debug_types.h"
#include "analyzer/image/image.h"

namespace reftally {

// An ELF file open for reading.
class ElfFile {
 public:
  static std::unique_ptr<ElfFile> open(const std::string& path);  // nullptr when it is not there or not ELF
  ~ElfFile();
  ElfFile(const ElfFile&) = delete;
  ElfFile& operator=(const ElfFile&) = delete;

  const std::string& path() const { return path_; }
  Elf* elf() const { return elf_; }
  std::string build_id() const;                                   // raw bytes
  std::span<const uint8_t> section(std::string_view name) const;  // as stored; empty when absent
  std::optional<std::string> debug_link() const;                  // .gnu_debuglink
  bool has_section(std::string_view name) const;
  bool is_zstd(std::string_view section) const;  // compressed so, which not every libdw reads
  // As loaded, before relocation; addresses without bias.
  std::span<const uint8_t> loaded_from(uint64_t address) const;  // to the end of what the file has of the segment
  std::optional<uint64_t> word(uint64_t address) const;

 private:
  ElfFile(std::string path, int fd, Elf* elf) : path_(std::move(path)), fd_(fd), elf_(elf) {}
  Elf_Scn* find_section(std::string_view name) const;

  std::string path_;
  int fd_;
  Elf* elf_;
};

struct DwarfCloser {
  void operator()(Dwarf* dwarf) const { dwarf_end(dwarf); }
};
using DwarfHandle = std::unique_ptr<Dwarf, DwarfCloser>;
// Null where there is none. What libdw does later throws std::bad_alloc where it would have ended the process.
DwarfHandle open_dwarf(Elf* elf);

class UnpackedPackage;

struct ModuleFiles {
  const ImageModule* module = nullptr;
  std::unique_ptr<ElfFile> main;             // nullptr when not found or of another build
  std::unique_ptr<ElfFile> debug;            // separate file with .symtab and DWARF, if any
  std::unique_ptr<ElfFile> alternate;        // dwz: what several debug files share
  DwarfHandle alternate_dwarf;               // before dwarf: outlives it
  std::unique_ptr<UnpackedPackage> package;  // .dwp
  DwarfHandle dwarf;
  std::string warning;       // what lowers detail; empty when nothing
  bool lacks_dwarf = false;  // its file is there and has none

  ModuleFiles();
  ~ModuleFiles();
  ModuleFiles(ModuleFiles&&) noexcept;

  uint64_t bias() const { return module->bias; }
  const ElfFile* with_symbols() const { return debug ? debug.get() : main.get(); }
};

std::vector<ModuleFiles> open_module_files(const Image& image, const DebugOptions& options);

}  // namespace reftally
