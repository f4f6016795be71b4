// One command of `reftally`: adds its options to CLI11's parser and, when chosen, runs.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

namespace reftally {

// Exit codes (DESIGN section 5). `run` passes the program's own through.
inline constexpr int kExitClean = 0, kExitFindings = 1, kExitError = 2;

inline constexpr const char* kDumpHelp = "dump written by `reftally run`, or a core file";

using RunCommand = std::function<int()>;

struct Command {
  const char* name;
  const char* help;
  RunCommand (*prepare)(CLI::App& parser);  // adds options; what it returns is called after parsing
};

RunCommand prepare_run(CLI::App& parser);
RunCommand prepare_analyze(CLI::App& parser);
RunCommand prepare_attach(CLI::App& parser);
RunCommand prepare_explain(CLI::App& parser);
RunCommand prepare_paths(CLI::App& parser);
RunCommand prepare_info(CLI::App& parser);
RunCommand prepare_check(CLI::App& parser);
RunCommand prepare_diff(CLI::App& parser);
RunCommand prepare_query(CLI::App& parser);
RunCommand prepare_view(CLI::App& parser);
RunCommand prepare_interpreter(CLI::App& parser);
RunCommand prepare_draw(CLI::App& parser);
RunCommand prepare_cxxflags(CLI::App& parser);
RunCommand prepare_lint(CLI::App& parser);

}  // namespace reftally
