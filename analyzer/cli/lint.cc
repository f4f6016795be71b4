// The lint is an executable of its own (clang's libraries are 200 MB), found beside this one. Everything after `lint`
// goes to it as it is.
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "analyzer/base/error.h"
#include "analyzer/cli/command.h"

namespace reftally {
namespace {

std::string lint_executable() {
  std::error_code failed;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", failed);
  const std::string path = (self.parent_path() / "reftally-lint").string();
  if (access(path.c_str(), X_OK) != 0)
    throw Error(path + ": not there; the lint is built with -DREFTALLY_LINT=ON and LLVM 19 (libclang-19-dev)");
  return path;
}

[[noreturn]] void execute(std::vector<std::string> arguments) {
  std::string path = lint_executable();
  std::vector<char*> pointers{path.data()};
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  execv(path.c_str(), pointers.data());
  throw Error(path + ": cannot be started: " + strerror(errno));
}

}  // namespace

RunCommand prepare_lint(CLI::App& parser) {
  parser.prefix_command();
  parser.set_help_flag();  // --help is the lint's own
  return [&parser]() -> int { execute(parser.remaining()); };
}

}  // namespace reftally
