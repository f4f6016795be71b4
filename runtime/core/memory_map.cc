#include "runtime/core/memory_map.h"

#include <elf.h>
#include <link.h>
#include <unistd.h>

#include <cstring>

#include "runtime/core/system.h"

namespace reftally::runtime {

bool MemoryMap::create() noexcept {
  mappings_ = static_cast<Mapping*>(map_memory(kMaxMappings * sizeof(Mapping)));
  text_ = static_cast<char*>(map_memory(kTextCapacity));
  return mappings_ != nullptr && text_ != nullptr;
}

bool MemoryMap::read() noexcept { return read_lines("/proc/self/maps"); }

bool MemoryMap::read(uint32_t process) noexcept {
  char path[64];
  return read_lines(Text(path, sizeof path).add("/proc/").add(process).add("/maps").c_str());
}

bool MemoryMap::read_lines(const char* path) noexcept {
  count_ = 0;
  int64_t size = read_file(path, text_, kTextCapacity - 1);
  if (size <= 0) return false;
  text_[size] = '\0';
  for (const char* line = text_; *line != '\0';)
    if (!parse_line(line)) return false;
  return true;
}

// "begin-end perms offset device inode   path\n"; the newline becomes the end of the path.
bool MemoryMap::parse_line(const char*& line) noexcept {
  if (count_ == kMaxMappings) return false;
  Mapping& mapping = mappings_[count_++];
  mapping.begin = parse_hex(line);
  line++;
  mapping.end = parse_hex(line);
  const char* perms = line + 1;
  mapping.flags = (perms[0] == 'r' ? dump::kMapRead : 0) | (perms[1] == 'w' ? dump::kMapWrite : 0) |
                  (perms[2] == 'x' ? dump::kMapExecute : 0) | (perms[3] == 's' ? dump::kMapShared : 0);
  line = perms + 5;
  mapping.file_offset = parse_hex(line);
  char* end = const_cast<char*>(strchr(line, '\n'));
  if (end == nullptr) return false;
  for (int field = 0; field < 2; field++) {  // device, inode
    while (*line == ' ') line++;
    while (*line != ' ' && *line != '\n') line++;
  }
  while (*line == ' ') line++;
  mapping.path = line;
  *end = '\0';
  line = end + 1;
  return true;
}

const Mapping* MemoryMap::find_or_next(uint64_t address) const noexcept {
  uint32_t low = 0, high = count_;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (mappings_[middle].end <= address)
      low = middle + 1;
    else
      high = middle;
  }
  return low < count_ ? &mappings_[low] : nullptr;
}

const Mapping* MemoryMap::find(uint64_t address) const noexcept {
  const Mapping* mapping = find_or_next(address);
  return mapping != nullptr && mapping->begin <= address ? mapping : nullptr;
}

bool ModuleList::create() noexcept {
  modules_ = static_cast<Module*>(map_memory(kMaxModules * sizeof(Module)));
  segments_ = static_cast<Segment*>(map_memory(kMaxSegments * sizeof(Segment)));
  paths_ = static_cast<char*>(map_memory(kPathCapacity));
  return modules_ != nullptr && segments_ != nullptr && paths_ != nullptr;
}

void ModuleList::read() noexcept {
  count_ = segment_count_ = 0;
  paths_used_ = 0;
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* list) {
        static_cast<ModuleList*>(list)->add(info);
        return 0;
      },
      this);
}

const char* ModuleList::keep_path(const char* path) noexcept {
  size_t size = strlen(path) + 1;
  if (paths_used_ + size > kPathCapacity) return "";
  char* kept = paths_ + paths_used_;
  memcpy(kept, path, size);
  paths_used_ += size;
  return kept;
}

static void find_build_id(const dl_phdr_info& info, const ElfW(Phdr) & header, Module& module) noexcept {
  auto at = info.dlpi_addr + header.p_vaddr;
  const auto end = at + header.p_filesz;
  while (at + sizeof(ElfW(Nhdr)) <= end) {
    ElfW(Nhdr) note;
    memcpy(&note, reinterpret_cast<const void*>(at), sizeof note);
    const auto name = at + sizeof note;
    const auto description = name + ((note.n_namesz + 3) & ~3u);
    if (description + note.n_descsz > end) return;
    if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 &&
        memcmp(reinterpret_cast<const void*>(name), "GNU", 4) == 0) {
      module.build_id = reinterpret_cast<const uint8_t*>(description);
      module.build_id_size = note.n_descsz;
      return;
    }
    at = description + ((note.n_descsz + 3) & ~3u);
  }
}

void ModuleList::add(const void* raw) noexcept {
  const auto& info = *static_cast<const dl_phdr_info*>(raw);
  if (count_ == kMaxModules || segment_count_ + info.dlpi_phnum > kMaxSegments) return;
  Module& module = modules_[count_];
  module = Module{};
  module.bias = info.dlpi_addr;
  module.first_segment = segment_count_;
  module.thread_local_number = static_cast<uint32_t>(info.dlpi_tls_modid);
  const auto own_code = reinterpret_cast<uint64_t>(&find_build_id);
  for (int i = 0; i < info.dlpi_phnum; i++) {
    const auto& header = info.dlpi_phdr[i];
    if (header.p_type == PT_NOTE) find_build_id(info, header, module);
    if (header.p_type != PT_LOAD && header.p_type != PT_TLS && header.p_type != PT_GNU_RELRO) continue;
    const uint64_t begin = info.dlpi_addr + header.p_vaddr;
    segments_[segment_count_++] = {begin, begin + header.p_memsz, header.p_type,
                                   ((header.p_flags & PF_R) ? dump::kMapRead : 0u) |
                                       ((header.p_flags & PF_W) ? dump::kMapWrite : 0u) |
                                       ((header.p_flags & PF_X) ? dump::kMapExecute : 0u)};
    if (own_code < begin || own_code >= begin + header.p_memsz || header.p_type != PT_LOAD) continue;
    module.is_agent = true;
    agent_begin_ = begin;
    agent_end_ = begin + header.p_memsz;
  }
  module.segment_count = segment_count_ - module.first_segment;
  module.path = "";
  if (info.dlpi_name != nullptr && info.dlpi_name[0] != '\0') {
    module.path = keep_path(info.dlpi_name);
  } else if (count_ == 0) {  // the executable comes first and nameless
    char path[4096];
    ssize_t length = readlink("/proc/thread-self/exe", path, sizeof path - 1);
    path[length > 0 ? length : 0] = '\0';
    module.path = keep_path(path);
  }
  count_++;
}

const Segment* ModuleList::loaded_segment(uint64_t address) const noexcept {
  for (uint32_t i = 0; i < segment_count_; i++) {
    const Segment& segment = segments_[i];
    if (segment.type == PT_LOAD && (segment.flags & dump::kMapRead) != 0 && address >= segment.begin &&
        address < segment.end)
      return &segment;
  }
  return nullptr;
}

}  // namespace reftally::runtime
