#include "analyzer/lint/shared_headers.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "analyzer/base/error.h"

namespace reftally::lint {
namespace {

namespace fs = std::filesystem;

constexpr size_t kSamples = 2;
constexpr size_t kFewestOthers = 4;   // a precompiled header costs as much as it saves on three files
constexpr size_t kFewestHeaders = 3;  // fewer are not worth it

constexpr std::array kSources = {".cc", ".cpp", ".cxx", ".c++", ".C"};
constexpr std::array kWithValue = {"-o", "-MF", "-MT", "-MQ", "-include", "-MJ"};
constexpr std::array kAlone = {"-c", "-MD", "-MMD", "-MP", "-MG", "-M", "-MM"};
constexpr std::array kOwnLanguage = {"-x", "-include-pch", "-fmodules", "-fmodules-ts", "-fdirectives-only"};

bool is_one_of(const auto& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// A macro that starts with an underscore belongs to the library, and is defined to change it.
bool defines_library_macro(const std::string& file) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const size_t hash = line.find_first_not_of(" \t");
    if (hash == std::string::npos || line[hash] != '#') continue;
    const size_t word = line.find_first_not_of(" \t", hash + 1);
    if (word == std::string::npos || line.compare(word, 6, "define") != 0) continue;
    const size_t name = line.find_first_not_of(" \t", word + 6);
    if (name != std::string::npos && line[name] == '_') return true;
  }
  return false;
}

// The flags without input and output; empty when this command's headers cannot be shared.
std::vector<std::string> shared_flags(const CompileCommand& command) {
  if (!is_one_of(kSources, fs::path(command.file).extension().string())) return {};
  std::vector<std::string> flags;
  for (size_t i = 0; i < command.arguments.size(); ++i) {
    const std::string& argument = command.arguments[i];
    if (is_one_of(kOwnLanguage, argument)) return {};
    if (is_one_of(kWithValue, argument))
      ++i;
    else if (!is_one_of(kAlone, argument) && fs::path(command.directory) / argument != fs::path(command.file))
      flags.push_back(argument);
  }
  return flags;
}

// "/usr/include/c++/12/vector" -> "vector"; empty for what is not a header of the standard library with its public
// name. Those of C come with them.
std::string standard_header(const std::string& path) {
  const fs::path file(path), folder = file.parent_path();
  const bool is_library = folder.parent_path().filename() == "c++" && file.extension().empty();
  return is_library ? file.filename().string() : std::string();
}

}  // namespace

std::vector<SharedHeaders> group_by_flags(const std::vector<CompileCommand>& commands, const std::vector<size_t>& which,
                                          const std::string& folder) {
  std::map<std::vector<std::string>, std::vector<size_t>> by_flags;
  for (size_t index : which) {
    std::vector<std::string> flags = shared_flags(commands[index]);
    if (flags.empty() || defines_library_macro(commands[index].file)) continue;
    flags.push_back(commands[index].directory);  // -I may be relative to it
    by_flags[std::move(flags)].push_back(index);
  }
  std::vector<SharedHeaders> groups;
  for (auto& [flags, members] : by_flags) {
    if (members.size() < kSamples + kFewestOthers) continue;
    SharedHeaders group;
    for (size_t i = 0; i < members.size(); ++i)
      (i % (members.size() / kSamples) == 0 && group.samples.size() < kSamples ? group.samples : group.others)
          .push_back(members[i]);
    const std::string stem = folder + "/" + std::to_string(groups.size());
    group.precompiled = stem + ".pch";
    group.command = {flags.back(), stem + ".h", {flags.begin(), flags.end() - 1}};
    group.command.arguments.insert(group.command.arguments.end(), {"-x", "c++-header", group.command.file});
    groups.push_back(std::move(group));
  }
  return groups;
}

std::set<std::string> standard_headers(const std::vector<std::string>& files) {
  std::set<std::string> headers;
  for (const std::string& path : files)
    if (std::string name = standard_header(path); !name.empty()) headers.insert(std::move(name));
  return headers;
}

void write_shared_header(const SharedHeaders& group, const std::set<std::string>& headers) {
  if (headers.size() < kFewestHeaders) throw Error("too few standard headers to share");
  std::ofstream out(group.command.file);
  for (const std::string& header : headers) out << "#include <" << header << ">\n";
  out.close();
  if (!out) throw Error(group.command.file + ": cannot be written");
}

bool erase_foreign(const std::vector<std::string>& files_read, const std::string& resource_dir,
                   std::set<std::string>& headers) {
  std::vector<std::string> installed{"/usr/include/", "/usr/lib", "/usr/local/include/", resource_dir};
  for (const std::string& path : files_read)  // /opt/gcc-14/include/c++/14.1.0/vector
    if (!standard_header(path).empty())
      installed.push_back(fs::path(path).parent_path().parent_path().parent_path().lexically_normal().string());
  bool erased = false;
  for (const std::string& path : files_read) {
    const std::string file = fs::path(path).lexically_normal().string();
    if (std::any_of(installed.begin(), installed.end(), [&](const auto& folder) { return file.starts_with(folder); }))
      continue;
    if (!headers.erase("c" + fs::path(file).stem().string()))  // <cassert> includes <assert.h>
      throw Error(file + " is read by a standard header");
    erased = true;
  }
  return erased;
}

}  // namespace reftally::lint
