#include "analyzer/cli/unseen_programs.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "runtime/dump/unseen_programs.h"

namespace reftally {
namespace {

namespace fs = std::filesystem;

std::string quoted(const std::string& word) {
  const bool is_plain = !word.empty() && word.find_first_of(" \t\n'\"\\$`&|;<>()*?[]#~!{}") == word.npos;
  if (is_plain) return word;
  std::string result = "'";
  for (char c : word) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

// The command with env(1) first. Its own PATH may be gone, so ours is told in full. Empty where another program drops
// the agent: which of its words begin the command that it starts, nobody knows.
std::string env_first(const UnseenProgram& unseen, const std::vector<std::string>& command) {
  const auto found = std::find(command.begin() + 1, command.end(), unseen.program);
  if (unseen.starter != "env" || found == command.end()) return {};
  std::error_code unknown;
  const std::string self = fs::read_symlink("/proc/self/exe", unknown);
  std::string result;
  for (auto word = command.begin(); word != command.end(); ++word) {
    if (word == found) result += quoted(self) + " run -- ";
    result += quoted(*word) + (word + 1 == command.end() ? "" : " ");
  }
  return result;
}

}  // namespace

std::vector<UnseenProgram> take_unseen_programs(const std::string& folder, uint64_t run) {
  const fs::path path = fs::path(folder) / (dump::kUnseenPrefix + std::to_string(run));
  std::vector<UnseenProgram> programs;
  std::set<std::string> seen;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const size_t tab = line.find('\t');
    if (tab == line.npos || line.ends_with("/reftally") || !seen.insert(line).second) continue;
    programs.push_back({line.substr(0, tab), line.substr(tab + 1)});
  }
  std::error_code stays;
  fs::remove(path, stays);
  return programs;
}

std::vector<UnseenProgram> named_by(const std::vector<std::string>& names, std::vector<UnseenProgram> programs) {
  if (names.empty()) return programs;
  std::erase_if(programs, [&](const UnseenProgram& unseen) {
    const std::string name = fs::path(unseen.program).filename();
    return std::none_of(names.begin(), names.end(),
                        [&](const std::string& pattern) { return fnmatch(pattern.c_str(), name.c_str(), 0) == 0; });
  });
  return programs;
}

std::string unseen_message(const std::vector<UnseenProgram>& programs, const std::vector<std::string>& command) {
  if (programs.empty()) return {};
  const UnseenProgram& first = programs.front();
  const std::string others = programs.size() == 1 ? "" : fmt::format(", and so {} more", programs.size() - 1);
  const std::string env_command = env_first(first, command);
  const std::string remedy = env_command.empty()
                                 ? fmt::format("write `reftally run -- {}` where it is started", quoted(first.program))
                                 : fmt::format("write `{}`", env_command);
  return fmt::format(
      "{} started {} without the agent (no LD_PRELOAD of `reftally run` in its environment){}: nobody looked into it; "
      "{}",
      first.starter, first.program, others, remedy);
}

}  // namespace reftally
