#include "analyzer/image/class_sizes.h"

#include <gelf.h>

#include <cstring>
#include <span>

namespace reftally {

namespace {

using Code = std::span<const uint8_t>;

constexpr uint8_t kMoveToEsi = 0xbe, kMoveToEdx = 0xba, kCall = 0xe8, kJump = 0xe9;
constexpr size_t kLongestPrologue = 64;  // -O0: the frame, and the call of the destructor itself
constexpr uint64_t kLargestSize = uint64_t{1} << 30;

bool starts_with(Code code, std::initializer_list<uint8_t> bytes) {
  return code.size() >= bytes.size() && std::equal(bytes.begin(), bytes.end(), code.begin());
}

int32_t immediate_at(Code code, size_t at) {
  int32_t value = 0;
  std::memcpy(&value, code.data() + at, sizeof value);
  return value;
}

// Between the size and the call at most the alignment and the address are set, and the frame is left; 0: else.
size_t length_of_setting(Code code) {
  if (starts_with(code, {kMoveToEdx})) return 5;
  for (uint8_t pop : {0x58, 0x5b, 0x5d})  // rax, rbx, rbp
    if (starts_with(code, {pop})) return 1;
  if (starts_with(code, {0x48, 0x89})) return 3;                                       // rdi from another register
  if (starts_with(code, {0x48, 0x8b, 0x7d}) || starts_with(code, {0x48, 0x8b, 0x45}))  // rdi, rax from the frame
    return 4;
  return starts_with(code, {0x48, 0x83, 0xc4}) ? 4 : 0;  // add to rsp
}

// Where the call is that comes next; nothing when something else comes before.
std::optional<size_t> next_call(Code code, size_t at) {
  while (at + 6 <= code.size()) {
    const Code rest = code.subspan(at);
    if (rest[0] == kCall || rest[0] == kJump || rest[0] == 0xff) return at;
    const size_t length = length_of_setting(rest);
    if (length == 0) return std::nullopt;
    at += length;
  }
  return std::nullopt;
}

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

ClassSizes::ClassSizes(const ModuleFiles& files) : file_(files.main.get()), bias_(files.bias()) {
  if (!file_) return;
  for (Elf_Scn* section = nullptr; (section = elf_nextscn(file_->elf(), section));) read_relocations(section);
}

void ClassSizes::read_relocations(Elf_Scn* section) {
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

uint64_t ClassSizes::pointer_at(uint64_t address) const {
  const auto relocation = relocations_.find(address);
  return relocation != relocations_.end() ? relocation->second.value : file_->word(address).value_or(0);
}

bool ClassSizes::is_sized_delete(uint64_t address) const {
  const Code code = file_->loaded_from(address);
  std::optional<uint64_t> place = indirect_place(code, address);
  if (!place && code.size() >= 5) {  // to an entry of the procedure linkage table
    const uint64_t entry = address + 5 + static_cast<uint64_t>(static_cast<int64_t>(immediate_at(code, 1)));
    place = indirect_place(file_->loaded_from(entry), entry);
  }
  const auto relocation = place ? relocations_.find(*place) : relocations_.end();
  return relocation != relocations_.end() && relocation->second.symbol.starts_with("_ZdlPvm");
}

std::optional<uint64_t> ClassSizes::size_of(uint64_t vtable) const {
  if (!file_) return std::nullopt;
  const uint64_t destructor = pointer_at(vtable - bias_ + 8);
  const Code code = destructor ? file_->loaded_from(destructor) : Code{};
  for (size_t at = 0; at <= kLongestPrologue && at + 5 <= code.size(); ++at) {
    if (code[at] != kMoveToEsi) continue;
    const auto call = next_call(code, at + 5);
    const int64_t size = immediate_at(code, at + 1);
    if (call && size > 0 && static_cast<uint64_t>(size) <= kLargestSize && is_sized_delete(destructor + *call))
      return static_cast<uint64_t>(size);
  }
  return std::nullopt;
}

}  // namespace reftally
