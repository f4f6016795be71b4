#include "analyzer/image/process_kernel_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <sstream>
#include <string>

#include "analyzer/image/process_areas.h"
#include "runtime/core/kernel_text.h"

namespace reftally {

namespace {

std::vector<uint32_t> epoll_descriptors(uint32_t pid) {
  std::vector<uint32_t> found;
  std::error_code failure;
  for (std::filesystem::directory_iterator entry(fmt::format("/proc/{}/fd", pid), failure), end; entry != end;
       entry.increment(failure)) {
    const std::string name = entry->path().filename().string();
    uint32_t descriptor = 0;
    std::error_code gone;
    if (std::filesystem::read_symlink(entry->path(), gone) == kEpollLink &&
        std::from_chars(name.data(), name.data() + name.size(), descriptor).ec == std::errc())
      found.push_back(descriptor);
  }
  std::sort(found.begin(), found.end());
  return found;
}

template <class Parse>
void read_lines(const std::string& path, std::vector<dump::KernelWord>& words, Parse parse) {
  std::istringstream lines(whole_file(path));
  dump::KernelWord word;
  for (std::string line; std::getline(lines, line);)
    if (parse(line.c_str(), word)) words.push_back(word);
}

}  // namespace

std::vector<dump::KernelWord> read_kernel_words(uint32_t pid) {
  std::vector<dump::KernelWord> words;
  for (uint32_t descriptor : epoll_descriptors(pid))
    read_lines(fmt::format("/proc/{}/fdinfo/{}", pid, descriptor), words,
               [&](const char* line, dump::KernelWord& word) { return parse_epoll_line(line, descriptor, word); });
  uint32_t timer = 0;
  read_lines(fmt::format("/proc/{}/timers", pid), words,
             [&](const char* line, dump::KernelWord& word) { return parse_timer_line(line, timer, word); });
  return words;
}

}  // namespace reftally
