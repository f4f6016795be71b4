#include "analyzer/image/symbols.h"

#include <gelf.h>

#include <algorithm>

namespace reftally {

namespace {

constexpr uint64_t kVtableHeader = 16;  // offset to top, type_info: objects point behind them

const Symbol* find(const std::vector<Symbol>& symbols, uint64_t address) {
  auto after = std::upper_bound(symbols.begin(), symbols.end(), address,
                                [](uint64_t a, const Symbol& symbol) { return a < symbol.address; });
  if (after == symbols.begin()) return nullptr;
  const Symbol& symbol = *(after - 1);
  // Hand-written assembly has size 0: such a symbol reaches to the next one.
  return symbol.size == 0 || address - symbol.address < symbol.size ? &symbol : nullptr;
}

// Of several names for one address the sized one counts, then the first by name: the same in every run.
void sort_unique(std::vector<Symbol>& symbols) {
  std::sort(symbols.begin(), symbols.end(), [](const Symbol& a, const Symbol& b) {
    if (a.address != b.address) return a.address < b.address;
    if (a.size != b.size) return a.size > b.size;
    return std::string_view(a.name) < b.name;
  });
  symbols.erase(std::unique(symbols.begin(), symbols.end(),
                            [](const Symbol& a, const Symbol& b) { return a.address == b.address; }),
                symbols.end());
}

}  // namespace

Symbols::Symbols(const ModuleFiles& files) {
  const ElfFile* file = files.with_symbols();
  if (file) read(*file, files.bias(), false);
  if (functions_.empty() && files.main) {
    read(*files.main, files.bias(), false);
    read(*files.main, files.bias(), true);
  }
  sort_unique(functions_);
  sort_unique(objects_);
}

void Symbols::read(const ElfFile& file, uint64_t bias, bool dynamic) {
  for (Elf_Scn* section = nullptr; (section = elf_nextscn(file.elf(), section));) {
    GElf_Shdr header;
    if (!gelf_getshdr(section, &header) || header.sh_entsize == 0) continue;
    if (header.sh_type != (dynamic ? SHT_DYNSYM : SHT_SYMTAB)) continue;
    Elf_Data* data = elf_getdata(section, nullptr);
    if (!data) continue;
    const size_t count = data->d_size / header.sh_entsize;
    for (size_t i = 0; i < count; ++i) {
      GElf_Sym symbol;
      if (!gelf_getsym(data, static_cast<int>(i), &symbol) || symbol.st_shndx == SHN_UNDEF) continue;
      const int type = GELF_ST_TYPE(symbol.st_info);
      const bool is_function = type == STT_FUNC || type == STT_GNU_IFUNC;
      if (!is_function && type != STT_OBJECT) continue;
      const char* name = elf_strptr(file.elf(), header.sh_link, symbol.st_name);
      if (!name || !*name) continue;
      (is_function ? functions_ : objects_).push_back({symbol.st_value + bias, symbol.st_size, name});
    }
  }
}

const Symbol* Symbols::function_at(uint64_t address) const { return find(functions_, address); }
const Symbol* Symbols::object_at(uint64_t address) const { return find(objects_, address); }

std::vector<VtableSymbol> Symbols::vtables() const {
  constexpr std::string_view kVtablePrefix = "_ZTV";
  std::vector<VtableSymbol> found;
  for (const Symbol& symbol : objects_) {
    const std::string_view name = symbol.name;
    if (name.starts_with(kVtablePrefix))
      found.push_back({symbol.address + kVtableHeader, name.substr(kVtablePrefix.size())});
  }
  return found;
}

}  // namespace reftally
