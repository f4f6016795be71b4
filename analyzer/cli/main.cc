// The commands, and the one place where errors end.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <stdexcept>

#include "analyzer/cli/command.h"

namespace {

constexpr reftally::Command kCommands[] = {
    {"run", "run a program under the agent, then analyze what it left", reftally::prepare_run},
    {"analyze", "find cycles and leaks in a dump or a core file", reftally::prepare_analyze},
    {"attach", "look into a process that runs without the agent: stop it, copy its memory, let it go on",
     reftally::prepare_attach},
    {"explain", "the account of an object: who holds it, and why it is alive", reftally::prepare_explain},
    {"paths", "what holds most of the heap; all ways in which objects are held, and what to clear to free them",
     reftally::prepare_paths},
    {"check", "the gate for CI: fails on findings that are not in a baseline", reftally::prepare_check},
    {"diff", "what grew from one dump to the next", reftally::prepare_diff},
    {"query", "questions to a dump in SQL", reftally::prepare_query},
    {"view", "a local page to walk through all objects", reftally::prepare_view},
    {"info", "sections and counts of a dump", reftally::prepare_info},
    {"interpreter", "CPython's cycle collector and allocator: what waits, pauses, pools",
     reftally::prepare_interpreter},
    {"draw", "the heap as text, for tests and tickets", reftally::prepare_draw},
    {"cxxflags", "compiler flags that make code tell who takes each reference", reftally::prepare_cxxflags},
    {"lint", "ownership cycles and other faults in source, before they run", reftally::prepare_lint},
};

// As of any other error, one line.
std::string usage_error(const CLI::App& app, const CLI::ParseError& error, const char* first) {
  if (app.get_subcommands().empty() && first && first[0] != '-')
    return fmt::format("{} is no command (`reftally --help` tells which there are)", first);
  std::string command;
  for (const CLI::App* chosen : app.get_subcommands()) command = " " + chosen->get_name();
  std::string text = error.what();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return fmt::format("{} (`reftally{} --help` tells what can be given)", text, command);
}

int run_chosen(int argc, char** argv) {
  CLI::App app("Reftally: every reference accounted for");
  app.set_version_flag("--version", "reftally 0.1.0");
  app.require_subcommand(1);
  std::vector<std::pair<CLI::App*, reftally::RunCommand>> commands;
  for (const reftally::Command& command : kCommands) {
    CLI::App* parser = app.add_subcommand(command.name, command.help);
    commands.emplace_back(parser, command.prepare(*parser));
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0) throw std::runtime_error(usage_error(app, error, argv[1]));
    app.exit(error);  // prints the help that was asked for
    return reftally::kExitClean;
  }
  for (auto& [parser, run] : commands)
    if (parser->parsed()) return run();
  return reftally::kExitError;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const int status = run_chosen(argc, argv);
    if (fflush(stdout) != 0 || ferror(stdout) != 0)
      throw std::runtime_error(fmt::format("standard output: cannot be written: {}", strerror(errno)));
    return status;
  } catch (const std::exception& error) {
    fmt::print(stderr, "reftally: {}\n", error.what());
    return reftally::kExitError;
  }
}
