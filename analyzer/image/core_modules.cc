#include "analyzer/image/core_modules.h"

#include <elf.h>

#include <algorithm>

namespace reftally {

namespace {

constexpr uint64_t kPage = 4096;
constexpr uint16_t kMostHeaders = 256;

uint32_t flags_of(const Elf64_Phdr& header) {
  return (header.p_flags & PF_R ? dump::kMapRead : 0) | (header.p_flags & PF_W ? dump::kMapWrite : 0) |
         (header.p_flags & PF_X ? dump::kMapExecute : 0);
}

// The GNU build-id among the notes of a segment: name "GNU", type NT_GNU_BUILD_ID.
std::string build_id_in(const CoreMemory& memory, uint64_t begin, uint64_t end) {
  constexpr uint64_t kNameSize = 4, kMostBytes = 64;
  for (uint64_t at = begin; at + sizeof(Elf64_Nhdr) <= end;) {
    const auto header = memory.load<Elf64_Nhdr>(at);
    if (!header) return {};
    const uint64_t name = at + sizeof *header, body = name + ((header->n_namesz + 3) & ~3u);
    const uint8_t* text = header->n_namesz == kNameSize ? memory.at(name, kNameSize) : nullptr;
    if (header->n_type == NT_GNU_BUILD_ID && text && std::memcmp(text, "GNU", kNameSize) == 0 &&
        header->n_descsz <= kMostBytes) {
      const uint8_t* bytes = memory.at(body, header->n_descsz);
      return bytes ? std::string(reinterpret_cast<const char*>(bytes), header->n_descsz) : std::string();
    }
    at = body + ((uint64_t{header->n_descsz} + 3) & ~uint64_t{3});
  }
  return {};
}

// `base` is where the first byte of the file is mapped.
ImageModule module_at(const CoreMemory& memory, uint64_t base, const std::string& path) {
  ImageModule module;
  const auto header = memory.load<Elf64_Ehdr>(base);
  if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_phnum > kMostHeaders) return module;
  std::vector<Elf64_Phdr> headers;
  for (uint16_t i = 0; i < header->e_phnum; ++i) {
    const auto segment = memory.load<Elf64_Phdr>(base + header->e_phoff + i * sizeof(Elf64_Phdr));
    if (segment) headers.push_back(*segment);
  }
  const auto first = std::find_if(headers.begin(), headers.end(), [](const Elf64_Phdr& segment) {
    return segment.p_type == PT_LOAD && segment.p_offset < kPage;
  });
  if (first == headers.end()) return module;
  module.path = path;
  module.bias = base - (first->p_vaddr - first->p_offset);
  for (const Elf64_Phdr& segment : headers) {
    const uint64_t begin = module.bias + segment.p_vaddr, end = begin + segment.p_memsz;
    if (end < begin) continue;
    if (segment.p_type == PT_LOAD || segment.p_type == PT_TLS || segment.p_type == PT_GNU_RELRO)
      module.segments.push_back({begin, end, segment.p_type, flags_of(segment)});
    if (segment.p_type == PT_NOTE && module.build_id.empty()) module.build_id = build_id_in(memory, begin, end);
  }
  return module;
}

}  // namespace

std::vector<ImageModule> modules_of_core(const CoreMemory& memory) {
  std::vector<ImageModule> modules;
  for (const CoreMapping& mapping : memory.core().mappings()) {
    if (mapping.file_offset != 0) continue;
    if (ImageModule module = module_at(memory, mapping.begin, mapping.path); !module.segments.empty())
      modules.push_back(std::move(module));
  }
  // The executable first, as in a dump.
  const uint64_t entry = memory.core().entry();
  std::stable_partition(modules.begin(), modules.end(),
                        [&](const ImageModule& module) { return module.contains(entry); });
  return modules;
}

}  // namespace reftally
