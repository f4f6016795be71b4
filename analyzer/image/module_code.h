// A module's machine code as its file has it, and where calls out of the module go: by the relocations of the words
// they go through. x86-64 only. Addresses are without bias.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "analyzer/image/module_files.h"

namespace reftally {

using Code = std::span<const uint8_t>;

inline constexpr uint8_t kCallOpcode = 0xe8, kJumpOpcode = 0xe9;  // with a distance of 32 bits

inline int32_t immediate_at(Code code, size_t at) {
  int32_t value = 0;
  std::memcpy(&value, code.data() + at, sizeof value);
  return value;
}

inline bool starts_with(Code code, std::initializer_list<uint8_t> bytes) {
  return code.size() >= bytes.size() && std::equal(bytes.begin(), bytes.end(), code.begin());
}

class ModuleCode {
 public:
  explicit ModuleCode(const ModuleFiles& files);

  Code from(uint64_t address) const { return file_ ? file_->loaded_from(address) : Code{}; }
  uint64_t pointer_at(uint64_t place) const;  // as relocated; 0: none, or another module's
  // The function of another module that the call or jump at the address goes to, through an entry of the procedure
  // linkage table or a pointer of its own; empty when it stays in the module or is not known.
  std::string_view import_called_at(uint64_t address) const;

 private:
  struct Relocation {
    uint64_t value = 0;  // 0 when the symbol is another module's
    std::string symbol;  // empty when there is none
  };
  void read_relocations(Elf_Scn* section);

  const ElfFile* file_;                                   // null: unknown
  std::unordered_map<uint64_t, Relocation> relocations_;  // by place
};

// Of an instruction of five bytes that ends with a distance.
inline uint64_t direct_target(Code code, uint64_t address) {
  return address + 5 + static_cast<uint64_t>(static_cast<int64_t>(immediate_at(code, 1)));
}

}  // namespace reftally
