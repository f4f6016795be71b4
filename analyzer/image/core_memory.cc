#include "analyzer/image/core_memory.h"

#include <algorithm>

namespace reftally {

const MappedFile* CoreMemory::file(const std::string& path) const {
  auto [found, added] = files_.try_emplace(path);
  if (!added) return found->second.get();
  try {
    found->second = std::make_unique<MappedFile>(sysroot_ + path);
    if (!is_as_mapped(path, *found->second)) found->second = nullptr;
  } catch (const Error&) {
    found->second = nullptr;  // the warning about its debug information says so
  }
  return found->second.get();
}

// The file may be of another build by now, or another machine's. What it is stands in its first page, which cores have:
// program headers and build-id.
bool CoreMemory::is_as_mapped(const std::string& path, const MappedFile& file) const {
  constexpr uint64_t kTelling = 1024;
  for (const CoreMapping& mapping : core_.mappings()) {
    if (mapping.path != path || mapping.file_offset != 0) continue;
    const uint64_t size = std::min<uint64_t>(kTelling, file.bytes().size());
    const uint8_t* had = core_.at(mapping.begin, size);
    if (had && std::memcmp(had, file.bytes().data(), size) != 0) return false;
  }
  return true;
}

// Kernels leave out pages that a file has unchanged (core(5), coredump_filter); what was written to is in the core.
const uint8_t* CoreMemory::at(uint64_t address, uint64_t size) const {
  if (const uint8_t* bytes = core_.at(address, size)) return bytes;
  const CoreMapping* mapping = core_.mapping_at(address);
  if (!mapping || size > mapping->end - address) return nullptr;
  const MappedFile* found = file(mapping->path);
  const uint64_t offset = mapping->file_offset + (address - mapping->begin);
  if (!found || offset > found->bytes().size() || size > found->bytes().size() - offset) return nullptr;
  return found->bytes().data() + offset;
}

std::string_view CoreMemory::text(uint64_t address, uint64_t most) const {
  uint64_t room = most;
  while (room > 0 && !at(address, room)) room /= 2;
  const auto* begin = reinterpret_cast<const char*>(at(address, room));
  const void* end = begin ? std::memchr(begin, '\0', room) : nullptr;
  return end ? std::string_view(begin, static_cast<const char*>(end)) : std::string_view();
}

}  // namespace reftally
