#include "analyzer/image/core_memory.h"

namespace reftally {

const MappedFile* CoreMemory::file(const std::string& path) const {
  auto [found, added] = files_.try_emplace(path);
  if (!added) return found->second.get();
  try {
    found->second = std::make_unique<MappedFile>(sysroot_ + path);
  } catch (const Error&) {
    found->second = nullptr;  // the warning about its debug information says so
  }
  return found->second.get();
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
