// The commands, and the one place where errors end.
#include <fmt/format.h>

#include <cstdio>
#include <exception>

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
    return app.exit(error) == 0 ? reftally::kExitClean : reftally::kExitError;
  }
  for (auto& [parser, run] : commands)
    if (parser->parsed()) return run();
  return reftally::kExitError;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run_chosen(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "reftally: {}\n", error.what());
    return reftally::kExitError;
  }
}
