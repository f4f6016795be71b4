// What the listeners for test frameworks share: after each test a dump, judged by `reftally check` while the program
// waits. A listener fails the test whose end left a finding that was not there before.
#pragma once

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "reftally.h"

namespace reftally {

// Clears what the test left on the stack below the caller's frame: the frames to come have gaps, and a stale word there
// would pass for a reference. To be called first, by a function that has no variables.
[[gnu::noinline]] inline void forget_stack() {
  char below[64 << 10];
  std::memset(below, 0, sizeof below);
  __asm__ volatile("" : : "r"(below) : "memory");
}

// Under `reftally run`, which tells by environment variables where it is, what its --baseline and --suppressions allow
// and from which severity on (--fail-on, else warning) a finding counts. Elsewhere it does nothing.
class TestJudge {
 public:
  // What has come since the last call, as text; empty when nothing has.
  std::string new_findings() {
    if (command_.empty() || reftally_present() == 0) return {};
    const std::filesystem::path dump = take_dump();
    if (dump.empty()) return give_up("no dump was written");
    const int status = check(dump, false);
    std::string found;
    if (status == kFindings) {
      found = read(told_);
      check(dump, true);  // told once
    }
    std::error_code stays;
    std::filesystem::remove(dump, stays);
    return status == 0 || status == kFindings ? found : give_up(read(told_));
  }

  TestJudge() {
    if (command_.empty()) return;
    const std::string mine = folder_ + "/.reftally-tests-" + std::to_string(getpid());
    known_ = mine + ".json";
    told_ = mine + ".txt";
    const std::string baseline = variable("REFTALLY_BASELINE");
    std::ofstream(known_) << (baseline.empty() ? R"({"schema": "reftally-baseline/1", "findings": []})"
                                               : read(baseline));
  }
  TestJudge(const TestJudge&) = delete;
  TestJudge& operator=(const TestJudge&) = delete;
  ~TestJudge() {
    if (getpid() != process_) return;  // a child of fork, which has these from its parent
    std::remove(known_.c_str());
    std::remove(told_.c_str());
  }

 private:
  static constexpr int kFindings = 1;  // exit status of `reftally check`

  static std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr ? value : "";
  }

  static std::string read(const std::string& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  std::string give_up(const std::string& why) {
    std::fprintf(stderr, "reftally: tests are not looked at any more: %s\n", why.c_str());
    command_.clear();
    return {};
  }

  // "FOLDER/NAME.PID.N.tally"
  std::filesystem::path take_dump() const {
    const unsigned number = reftally_dump_whole();
    if (number == 0) return {};
    const std::string end = "." + std::to_string(getpid()) + "." + std::to_string(number) + ".tally";
    std::error_code unreadable;
    for (const auto& entry : std::filesystem::directory_iterator(folder_, unreadable)) {
      const std::string name = entry.path().filename().string();
      if (name.size() > end.size() && name.compare(name.size() - end.size(), end.size(), end) == 0) return entry.path();
    }
    return {};
  }

  int check(const std::filesystem::path& dump, bool accept) const {
    const std::string fail_on = variable("REFTALLY_FAIL_ON"), suppressions = variable("REFTALLY_SUPPRESSIONS");
    std::vector<std::string> words = {
        command_, "check", dump.string(), "--baseline", known_, "--fail-on", fail_on.empty() ? "warning" : fail_on};
    if (accept) words.push_back("--update-baseline");
    for (size_t at = 0; at < suppressions.size();) {  // one file a line
      const size_t end = std::min(suppressions.find('\n', at), suppressions.size());
      words.insert(words.end(), {"--suppressions", suppressions.substr(at, end - at)});
      at = end + 1;
    }
    return run(words);
  }

  // The analyzer runs without the agent, and says what it has to say in told_.
  int run(std::vector<std::string>& words) const {
    std::vector<char*> arguments, variables;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    for (char** variable = environ; *variable != nullptr; variable++)
      if (std::string_view(*variable).rfind("LD_PRELOAD=", 0) != 0) variables.push_back(*variable);
    variables.push_back(nullptr);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, told_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO);
    pid_t child = 0;
    const int error = posix_spawn(&child, arguments[0], &files, nullptr, arguments.data(), variables.data());
    posix_spawn_file_actions_destroy(&files);
    int status = 0;
    if (error != 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
    return WEXITSTATUS(status);
  }

  std::string command_ = variable("REFTALLY_COMMAND"), folder_ = variable("REFTALLY_OUTPUT_DIR");
  const pid_t process_ = getpid();
  std::string known_, told_;  // files: the findings told of so far, and what `check` says
};

}  // namespace reftally
