// What a living process has mapped (/proc/PID/smaps), and what of it a core file is to have.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <string>
#include <vector>

namespace reftally {

constexpr uint64_t kPage = 4096;

struct MemoryArea {
  uint64_t begin = 0, end = 0, file_offset = 0, inode = 0;
  uint32_t flags = 0;      // PF_… of elf.h
  uint64_t own_bytes = 0;  // that no file has: written to since it was mapped
  uint64_t present_bytes = 0;
  bool is_shared = false;
  std::string path;

  bool is_file() const { return path.starts_with('/'); }
};

// An open file; -1 where it could not be opened.
struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) close(fd);
  }
};

std::string whole_file(const std::string& path);  // empty when it cannot be read

std::vector<MemoryArea> read_areas(uint32_t pid);  // by address
// As a kernel's core has it: memory without a file, what was written to of the others, and the first page of each file,
// which tells what it is; and the whole of programs and libraries that nobody will find: deleted, or a container's. Of
// very large mappings that are mostly untouched only the pages that are there.
std::vector<MemoryArea> areas_to_copy(uint32_t pid, const std::vector<MemoryArea>& areas);

}  // namespace reftally
