#include "analyzer/image/module_code.h"

#include <gelf.h>

#include <algorithm>

namespace reftally {

namespace {

// The place of the pointer through which "jmp *place(%rip)" or "call *place(%rip)" goes, in the code itself or in
// an entry of the procedure linkage table, which may begin with endbr64 and bnd.
std::optional<uint64_t> indirect_place(Code code, uint64_t address) {
  size_t at = 0;
  if (starts_with(code, {0xf3, 0x0f, 0x1e, 0xfa})) at = 4;  // endbr64
  if (code.size() > at && code[at] == 0xf2) ++at;           // bnd
  if (code.size() < at + 6 || code[at] != 0xff) return std::nullopt;
  if (code[at + 1] != 0x25 && code[at + 1] != 0x15) return std::nullopt;
  return address + at + 6 + static_cast<uint64_t>(static_cast<int64_t>(immediate_at(code, at + 2)));
}

}  // namespace

ModuleCode::ModuleCode(const ModuleFiles& files) : file_(files.main.get()) {
  if (!file_) return;
  for (Elf_Scn* section = nullptr; (section = elf_nextscn(file_->elf(), section));) read_relocations(section);
}

void ModuleCode::read_relocations(Elf_Scn* section) {
  GElf_Shdr header;
  if (!gelf_getshdr(section, &header) || header.sh_type != SHT_RELA || header.sh_entsize == 0) return;
  Elf_Data* data = elf_getdata(section, nullptr);
  Elf_Scn* symbols = elf_getscn(file_->elf(), header.sh_link);
  Elf_Data* symbol_data = symbols ? elf_getdata(symbols, nullptr) : nullptr;
  GElf_Shdr symbol_header;
  if (!data || (symbols && !gelf_getshdr(symbols, &symbol_header))) return;
  const size_t count = data->d_size / header.sh_entsize;
  for (size_t i = 0; i < count; ++i) {
    GElf_Rela row;
    if (!gelf_getrela(data, static_cast<int>(i), &row)) continue;
    Relocation found{static_cast<uint64_t>(row.r_addend), {}};
    GElf_Sym symbol;
    const int index = static_cast<int>(GELF_R_SYM(row.r_info));
    if (index != 0 && symbol_data && gelf_getsym(symbol_data, index, &symbol)) {
      found.value = symbol.st_shndx == SHN_UNDEF ? 0 : symbol.st_value + found.value;
      const char* name = elf_strptr(file_->elf(), symbol_header.sh_link, symbol.st_name);
      found.symbol = name ? name : "";
    }
    relocations_.emplace(row.r_offset, std::move(found));
  }
}

uint64_t ModuleCode::pointer_at(uint64_t place) const {
  const auto relocation = relocations_.find(place);
  if (relocation != relocations_.end()) return relocation->second.value;
  return file_ ? file_->word(place).value_or(0) : 0;
}

std::string_view ModuleCode::import_called_at(uint64_t address) const {
  const Code code = from(address);
  std::optional<uint64_t> place = indirect_place(code, address);
  if (!place && code.size() >= 5) {
    const uint64_t entry = direct_target(code, address);
    place = indirect_place(from(entry), entry);
  }
  const auto relocation = place ? relocations_.find(*place) : relocations_.end();
  return relocation != relocations_.end() ? std::string_view(relocation->second.symbol) : std::string_view();
}

}  // namespace reftally
