// ELF symbols by address: .symtab of the module or its debug file, else .dynsym.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/image/module_files.h"

namespace reftally {

struct Symbol {
  uint64_t address = 0;  // run-time
  uint64_t size = 0;
  const char* name = "";  // mangled; lives as long as its ELF file
};

class Symbols {
 public:
  explicit Symbols(const ModuleFiles& files);

  const Symbol* function_at(uint64_t address) const;
  const Symbol* object_at(uint64_t address) const;
  const std::vector<Symbol>& functions() const { return functions_; }  // by address
  const std::vector<Symbol>& objects() const { return objects_; }      // by address
  std::vector<VtableSymbol> vtables() const;

 private:
  void read(const ElfFile& file, uint64_t bias, bool dynamic);

  std::vector<Symbol> functions_, objects_;
};

}  // namespace reftally
