// reftally-lint: ownership faults before they run. Started by `reftally lint`, or by itself.
// Exit status: 0 clean, 1 findings at or above --fail-on, 2 bad use or an incomplete analysis.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "analyzer/base/error.h"
#include "analyzer/lint/compile_commands.h"
#include "analyzer/lint/lint_confirm.h"
#include "analyzer/lint/lint_rules.h"
#include "analyzer/lint/lint_run.h"
#include "analyzer/lint/type_map_file.h"

namespace {

using namespace reftally;
using namespace reftally::lint;
namespace fs = std::filesystem;

constexpr int kClean = 0, kFindings = 1, kIncomplete = 2;
constexpr uint64_t kWorkerMb = 450;  // what one translation unit with Boost needs

struct Arguments {
  std::string build_dir, output, format, fail_on = "warning", cache, root;
  std::vector<std::string> files, flags;
  std::string graph, type_map;
  unsigned depth = 3;
  bool no_cache = false, list_rules = false, quiet = false, types_only = false, fix_suggestions = false;
  LintOptions options;
};

unsigned default_jobs() {
  const uint64_t memory_mb = static_cast<uint64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGE_SIZE) >> 20;
  const long cores = std::max(1L, sysconf(_SC_NPROCESSORS_ONLN));
  return static_cast<unsigned>(std::max<uint64_t>(1, std::min<uint64_t>(cores, memory_mb / kWorkerMb)));
}

std::string renderer_names() {
  std::string names;
  for (const LintRenderer& renderer : lint_renderers())
    names += (names.empty() ? "" : ", ") + std::string(renderer.name);
  return names;
}

std::string format_for(const std::string& file) {
  for (const LintRenderer& renderer : lint_renderers())
    if (file.ends_with(std::string(".") + renderer.name)) return renderer.name;
  return file.ends_with(".patch") ? "diff" : "text";
}

void declare_options(CLI::App& app, Arguments& args) {
  WorkerLimits& limits = args.options.limits;
  limits.jobs = default_jobs();
  args.options.extract.resource_dir = REFTALLY_CLANG_RESOURCE_DIR;
  app.add_option("-p", args.build_dir, "folder of compile_commands.json, or the file");
  app.add_option("files", args.files, "only these source files (paths, or parts of them); without -p, files to parse");
  app.add_option("--format", args.format, renderer_names() + " (default: as the name of -o ends, else text)");
  app.add_option("-o,--output", args.output, "write the report to this file");
  app.add_option("--rule", args.options.rules, "only these rules (repeatable)");
  app.add_flag("--list-rules", args.list_rules, "list the rules and leave");
  app.add_option("--fail-on", args.fail_on, "note, warning, error or never")->capture_default_str();
  app.add_option("--exclude", args.options.extract.exclude, "code below these paths is not the project's (repeatable)");
  app.add_option("--root", args.root, "show paths relative to this folder");
  app.add_option("-j,--jobs", limits.jobs, "worker processes")->capture_default_str();
  app.add_option("--memory", limits.memory_mb, "MB of address space a worker may use")->capture_default_str();
  app.add_option("--timeout", limits.timeout_seconds, "seconds a file may take")->capture_default_str();
  app.add_option("--cache", args.cache, "folder of cached facts (default: .reftally-lint in the build folder)");
  app.add_flag("--no-cache", args.no_cache, "parse everything anew");
  app.add_option("--resource-dir", args.options.extract.resource_dir, "clang's builtin headers")->capture_default_str();
  app.add_flag("--pedantic", args.options.pedantic, "also cycles that types allow but no code was seen to close");
  app.add_flag("--types-only", args.types_only, "read declarations alone: much faster, cycles that types allow");
  app.add_flag("--fix-suggestions", args.fix_suggestions, "print the advice as a patch; nothing is applied");
  CLI::Option* baseline =
      app.add_option("--baseline", args.options.baseline, "findings that were there before, as for reftally check");
  app.add_flag("--update-baseline", args.options.update_baseline,
               "write the findings of this run to the baseline; of a run over some files, entries of others stay")
      ->needs(baseline);
  app.add_option("--confirm", args.options.confirm, "dump, core or JSON report: which cycles did a run show?");
  app.add_option("--graph", args.graph, "print the ownership graph around this class, for GraphViz");
  app.add_option("--depth", args.depth, "members away from the class of --graph")->capture_default_str();
  app.add_option("--type-map", args.type_map, "write how types lie in memory, for reftally analyze --type-map");
  app.add_flag("-q,--quiet", args.quiet, "no summary on stderr");
  SmartPointerNames& names = args.options.extract.names;
  app.add_option("--strong", names.strong, "class templates of the project's that own and count (repeatable)");
  app.add_option("--weak", names.weak, "… that refer without owning");
  app.add_option("--unique", names.unique, "… that own alone");
  app.add_option("--callable", names.callable, "… that own a closure, as std::function does");
  app.set_config("--config", "", "file with options, one a line: strong = [\"my::Ref\", \"my::Ptr\"]");
}

std::vector<CompileCommand> given_files(const Arguments& args) {
  if (args.files.empty()) throw Error("give -p BUILD_DIR, or files to parse (compiler flags after --)");
  std::vector<CompileCommand> commands;
  for (const std::string& file : args.files) {
    if (fs::is_directory(file)) throw Error(file + ": is a folder; with -p its compile_commands.json is read");
    if (!fs::is_regular_file(file)) throw Error(file + ": no such file");
    commands.push_back(compile_command_for(file, args.flags));
  }
  return commands;
}

UnitProblem without_command(const std::string& file, const std::string& build_dir) {
  return {file, "not analysed: " + build_dir + " has no command for it" +
                    (is_header(file) ? "; a header is read with the source files that include it" : "")};
}

std::vector<CompileCommand> commands_of(const Arguments& args, LintReport& report) {
  if (args.build_dir.empty()) return given_files(args);
  std::vector<CompileCommand> all = read_compile_commands(args.build_dir);
  if (all.empty()) throw Error(args.build_dir + ": its compile_commands.json lists no file to analyse");
  const Selection selection = select_files(std::move(all), args.files);
  for (const std::string& file : selection.missing) report.problems.push_back(without_command(file, args.build_dir));
  if (selection.commands.empty()) throw Error(report.problems.front().file + ": " + report.problems.front().what);
  return selection.commands;
}

std::string default_cache(const Arguments& args) {
  if (args.no_cache || (args.build_dir.empty() && args.cache.empty())) return {};
  // Absolute: each command is read in a folder of its own.
  if (!args.cache.empty()) return fs::absolute(args.cache).string();
  const fs::path build =
      fs::is_directory(args.build_dir) ? fs::path(args.build_dir) : fs::path(args.build_dir).parent_path();
  const std::string folder = fs::absolute(build.empty() ? fs::path(".") : build).string();
  return access(folder.c_str(), W_OK) == 0 ? folder + "/.reftally-lint" : std::string();
}

void write_out(const Arguments& args, const std::function<void(std::ostream&)>& write) {
  if (args.output.empty()) {
    write(std::cout);
    if (!std::cout.flush()) throw Error("standard output: cannot be written");
    return;
  }
  std::ofstream out(args.output);
  write(out);
  out.close();
  if (!out) throw Error(args.output + ": cannot be written");
}

void render(const Arguments& args, const LintReport& report) {
  const auto renderers = lint_renderers();
  const auto renderer = std::find_if(renderers.begin(), renderers.end(),
                                     [&](const LintRenderer& each) { return args.format == each.name; });
  write_out(args, [&](std::ostream& out) { renderer->render(report, out); });
}

size_t count_at_or_above(const LintReport& report, LintSeverity least) {
  return std::count_if(report.findings.begin(), report.findings.end(),
                       [&](const LintFinding& finding) { return finding.severity >= least; });
}

std::string counted(size_t count, const char* noun) {
  return std::to_string(count) + ' ' + noun + (count == 1 ? "" : "s");
}

void summarise(const LintReport& report) {
  for (const UnitProblem& problem : report.problems)
    std::cerr << "reftally-lint: " << shown_path(report, problem.file) << ": " << problem.what << '\n';
  const size_t warnings = count_at_or_above(report, LintSeverity::kWarning);
  std::cerr << "reftally-lint: " << counted(report.units, "file") << " (" << report.units_from_cache
            << " from the cache, " << report.problems.size() << " with problems), " << report.classes
            << (report.classes == 1 ? " class, " : " classes, ") << counted(report.functions, "function") << ": "
            << counted(warnings, "warning") << ", " << counted(report.findings.size() - warnings, "note") << ", "
            << report.suppressed.size() << " suppressed\n";
  for (const std::string& remark : report.remarks) std::cerr << "reftally-lint: " << remark << '\n';
  if (report.functions_given_up)
    std::cerr << "reftally-lint: " << report.functions_given_up
              << " functions have too many paths to follow all references; what was found on some is reported\n";
}

void write_types(const Arguments& args, const Program& program, LintReport& report) {
  const size_t left_out = write_type_map(program, args.type_map);
  if (left_out)
    report.remarks.push_back(std::to_string(left_out) + " types are laid out differently in different files; " +
                             args.type_map + " leaves them out");
}

void check_choices(const Arguments& args) {
  for (const std::string& name : args.options.rules) {
    const auto rules = lint_rules();
    if (std::none_of(rules.begin(), rules.end(), [&](const LintRule& rule) { return name == rule.name; }))
      throw Error("--rule " + name + ": no such rule; --list-rules names them");
  }
  const auto renderers = lint_renderers();
  if (std::none_of(renderers.begin(), renderers.end(), [&](const auto& each) { return args.format == each.name; }))
    throw Error("--format " + args.format + ": expected one of " + renderer_names());
  for (const char* level : {"note", "warning", "error", "never"})
    if (args.fail_on == level) return;
  throw Error("--fail-on " + args.fail_on + ": expected note, warning, error or never");
}

int exit_status(const Arguments& args, const LintReport& report) {
  if (!report.problems.empty()) return kIncomplete;
  if (args.fail_on == "never") return kClean;
  const LintSeverity least = args.fail_on == "note"      ? LintSeverity::kNote
                             : args.fail_on == "warning" ? LintSeverity::kWarning
                                                         : LintSeverity::kError;
  return count_at_or_above(report, least) ? kFindings : kClean;
}

int lint_main(Arguments& args) {
  if (args.list_rules) {
    write_out(args, [](std::ostream& out) {
      for (const LintRule& rule : lint_rules()) out << rule.name << "\n    " << rule.summary << '\n';
    });
    return kClean;
  }
  if (args.fix_suggestions) args.format = "diff";
  if (args.format.empty()) args.format = format_for(args.output);
  if (args.types_only) args.options.extract.bodies = false, args.options.pedantic = true;
  check_choices(args);
  LintReport report;
  const std::vector<CompileCommand> commands = commands_of(args, report);
  args.options.only_some_files = !args.files.empty();
  args.options.cache_dir = default_cache(args);
  const bool reads_dump = !args.options.confirm.empty() && !is_report(args.options.confirm);
  args.options.extract.layouts = !args.type_map.empty() || reads_dump;
  report.root = fs::absolute(args.root.empty() ? "." : args.root).lexically_normal().string();
  if (report.root.size() > 1 && report.root.ends_with('/')) report.root.pop_back();
  args.options.reftally = (fs::read_symlink("/proc/self/exe").parent_path() / "reftally").string();
  Program program;
  gather(commands, args.options, {extract_facts, precompile}, program, report);
  if (!args.type_map.empty()) write_types(args, program, report);
  if (!args.graph.empty())
    write_out(args, [&](std::ostream& out) { draw_class(program, args.graph, args.depth, out); });
  if (!args.graph.empty() || (!args.type_map.empty() && args.options.confirm.empty())) {
    if (!args.quiet) summarise(report);
    return report.problems.empty() ? kClean : kIncomplete;
  }
  judge(program, args.options, report);
  render(args, report);
  if (!args.quiet) summarise(report);
  return exit_status(args, report);
}

}  // namespace

int main(int argc, char** argv) {
  Arguments args;
  CLI::App app{"Finds ownership cycles and other faults of reference-counted C++ before they run."};
  app.name("reftally lint");
  declare_options(app, args);
  // Compiler flags stand after --; CLI11 would read them as its own.
  const int own = static_cast<int>(std::find(argv, argv + argc, std::string("--")) - argv);
  for (int i = own + 1; i < argc; ++i) args.flags.emplace_back(argv[i]);
  try {
    app.parse(own, argv);
    return lint_main(args);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kClean : kIncomplete;
  } catch (const std::exception& error) {
    std::cerr << "reftally-lint: " << error.what() << '\n';
    return kIncomplete;
  }
}
