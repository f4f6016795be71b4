#include "analyzer/cli/left_running.h"

#include <errno.h>
#include <fmt/format.h>
#include <sys/random.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "analyzer/base/error.h"

namespace reftally {

namespace {

namespace fs = std::filesystem;

constexpr const char* kMark = "REFTALLY_RUN";

std::string file_of_process(pid_t process, const char* name) {
  std::ifstream file(fmt::format("/proc/{}/{}", process, name), std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string name_of(pid_t process) {
  std::string name = file_of_process(process, "comm");
  return name.substr(0, name.find('\n'));
}

// A dump under way is its process's copy, and nearly done.
bool is_of_run(pid_t process, const std::string& mark) {
  const std::string variables = '\0' + file_of_process(process, "environ");
  return variables.find(mark) != variables.npos && name_of(process) != "reftally-dump";
}

}  // namespace

uint64_t new_run_number() {
  uint64_t number = 0;
  while (number == 0)
    if (getrandom(&number, sizeof number, 0) != sizeof number && errno != EINTR)
      throw Error(fmt::format("cannot get a random number: {}", strerror(errno)));
  return number;
}

void mark_run(uint64_t run) { setenv(kMark, std::to_string(run).c_str(), 1); }

std::vector<pid_t> left_running(uint64_t run) {
  const std::string mark = '\0' + fmt::format("{}={}", kMark, run) + '\0';
  std::vector<pid_t> processes;
  std::error_code gone;
  for (fs::directory_iterator entry("/proc", gone), end; !gone && entry != end; entry.increment(gone)) {
    const std::string name = entry->path().filename();
    pid_t process = 0;
    const auto [stop, error] = std::from_chars(name.data(), name.data() + name.size(), process);
    if (error == std::errc() && stop == name.data() + name.size() && is_of_run(process, mark))
      processes.push_back(process);
  }
  std::sort(processes.begin(), processes.end());
  return processes;
}

std::string left_running_message(const std::vector<pid_t>& processes, const std::string& dump_dir) {
  if (processes.empty()) return {};
  const std::string first = fmt::format("{} ({})", processes.front(), name_of(processes.front()));
  if (processes.size() == 1)
    return fmt::format("process {}, which the program started, still runs; its dump comes to {} when it ends", first,
                       dump_dir);
  return fmt::format(
      "{} processes that the program started still run, such as {}; their dumps come to {} when they end",
      processes.size(), first, dump_dir);
}

}  // namespace reftally
