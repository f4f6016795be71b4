// The size of a class as its code tells it, where debug information does not: a deleting destructor, the second entry
// of most vtables (Itanium C++ ABI 2.6.2), hands it to operator delete(void*, std::size_t). x86-64 only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "analyzer/image/module_files.h"

namespace reftally {

class ClassSizes {
 public:
  explicit ClassSizes(const ModuleFiles& files);

  // Of the class whose objects point to this vtable. Nothing when its destructor does more than free, or frees without
  // a size (clang before 19).
  std::optional<uint64_t> size_of(uint64_t vtable) const;

 private:
  struct Relocation {
    uint64_t value = 0;  // without bias; 0 when the symbol is another module's
    std::string symbol;  // empty when there is none
  };
  void read_relocations(Elf_Scn* section);
  uint64_t pointer_at(uint64_t address) const;
  bool is_sized_delete(uint64_t code) const;

  const ElfFile* file_;  // null: unknown
  uint64_t bias_;
  std::unordered_map<uint64_t, Relocation> relocations_;  // by place, without bias
};

}  // namespace reftally
