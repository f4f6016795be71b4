#include "analyzer/image/process_areas.h"

#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include "runtime/core/shared_memory.h"

namespace reftally {

namespace {

constexpr uint64_t kLargeMapping = uint64_t{4} << 30;  // beyond this only pages that are there are copied

// "55d0c0000000-55d0c0021000 rw-p 00001000 08:01 1234   /usr/bin/shop"
bool read_area(const std::string& line, MemoryArea& area) {
  char rights[5] = {};
  int path_at = 0;
  if (std::sscanf(line.c_str(), "%lx-%lx %4s %lx %*s %lu %n", &area.begin, &area.end, rights, &area.file_offset,
                  &area.inode, &path_at) < 5)
    return false;
  area.flags = (rights[0] == 'r' ? PF_R : 0) | (rights[1] == 'w' ? PF_W : 0) | (rights[2] == 'x' ? PF_X : 0);
  area.is_shared = rights[3] == 's';
  if (path_at > 0 && static_cast<size_t>(path_at) < line.size()) area.path = line.substr(static_cast<size_t>(path_at));
  return true;
}

// What a kernel's core has: memory without a file, and of files what was written to, and their first page, which tells
// what they are.
uint64_t copied_end(const MemoryArea& area, const std::set<std::string>& hidden) {
  const bool is_memory = !area.is_file() || is_shared_memory(area.path.c_str());
  if ((area.flags & PF_R) == 0 || area.path.starts_with("[v") || (!is_memory && area.path.starts_with("/dev/")))
    return area.begin;
  if (is_memory || area.own_bytes != 0 || (area.is_shared && (area.flags & PF_W) != 0) || hidden.contains(area.path))
    return area.end;
  return area.file_offset == 0 ? area.begin + kPage : area.begin;
}

// Files with code that are not what stands at their path here: deleted, replaced, or of another mount namespace.
std::set<std::string> hidden_modules(const std::vector<MemoryArea>& areas) {
  std::set<std::string> hidden;
  for (const MemoryArea& area : areas) {
    struct stat found{};
    if (!area.is_file() || (area.flags & PF_X) == 0 || is_shared_memory(area.path.c_str())) continue;
    if (stat(area.path.c_str(), &found) != 0 || found.st_ino != area.inode) hidden.insert(area.path);
  }
  return hidden;
}

// Runs of pages that are in memory or swapped out (Documentation/admin-guide/mm/pagemap.rst).
void add_present_runs(int pagemap, const MemoryArea& area, std::vector<MemoryArea>& runs) {
  constexpr uint64_t kThere = uint64_t{3} << 62;
  uint64_t entries[512];
  MemoryArea run = area;
  run.end = run.begin;
  for (uint64_t at = area.begin; at < area.end;) {
    const uint64_t wanted = std::min<uint64_t>(std::size(entries), (area.end - at) / kPage);
    const ssize_t got = pread(pagemap, entries, 8 * wanted, static_cast<off_t>(at / kPage * 8));
    if (got < 8) break;
    for (uint64_t i = 0; i < static_cast<uint64_t>(got) / 8; ++i, at += kPage) {
      if ((entries[i] & kThere) == 0) continue;
      if (run.end != at) {
        if (run.begin < run.end) runs.push_back(run);
        run.begin = at;
      }
      run.end = at + kPage;
    }
  }
  if (run.begin < run.end) runs.push_back(run);
}

}  // namespace

std::string whole_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<MemoryArea> read_areas(uint32_t pid) {
  std::vector<MemoryArea> areas;
  std::istringstream lines(whole_file(fmt::format("/proc/{}/smaps", pid)));
  for (std::string line; std::getline(lines, line);) {
    MemoryArea area;
    uint64_t kilobytes = 0;
    if (std::sscanf(line.c_str(), "Rss: %lu kB", &kilobytes) == 1 && !areas.empty())
      areas.back().present_bytes = 1024 * kilobytes;
    else if (std::sscanf(line.c_str(), "Anonymous: %lu kB", &kilobytes) == 1 && !areas.empty())
      areas.back().own_bytes = 1024 * kilobytes;
    else if (read_area(line, area))
      areas.push_back(std::move(area));
  }
  return areas;
}

std::vector<MemoryArea> areas_to_copy(uint32_t pid, const std::vector<MemoryArea>& areas) {
  const Descriptor pagemap{open(fmt::format("/proc/{}/pagemap", pid).c_str(), O_RDONLY | O_CLOEXEC)};
  const std::set<std::string> hidden = hidden_modules(areas);
  std::vector<MemoryArea> copied;
  for (MemoryArea area : areas) {
    area.end = copied_end(area, hidden);
    if (area.begin == area.end) continue;
    const bool is_sparse = area.end - area.begin > kLargeMapping && area.present_bytes < (area.end - area.begin) / 4;
    if (is_sparse && pagemap.fd >= 0)
      add_present_runs(pagemap.fd, area, copied);
    else
      copied.push_back(area);
  }
  return copied;
}

}  // namespace reftally
