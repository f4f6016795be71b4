#include "analyzer/lint/lint_run.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>

#include "analyzer/base/error.h"
#include "analyzer/lint/facts_file.h"
#include "analyzer/lint/lint_baseline.h"
#include "analyzer/lint/lint_confirm.h"
#include "analyzer/lint/lint_rules.h"
#include "analyzer/lint/nolint.h"
#include "analyzer/lint/temporary_folder.h"
#include "analyzer/lint/type_map_file.h"

namespace reftally::lint {
namespace {

namespace fs = std::filesystem;

// Facts files live in the cache, or in a folder that goes with the run.
class FactsFolder {
 public:
  explicit FactsFolder(const std::string& cache) : path_(cache.empty() ? temporary_.emplace().path() : cache) {
    std::error_code failed;
    fs::create_directories(path_, failed);
    if (failed) throw Error(cache + ": cannot be made: " + failed.message());
  }
  std::string file(const CompileCommand& command, const ExtractOptions& options) const {
    return path_ + "/" + facts_file_name(command, options);
  }

 private:
  std::optional<TemporaryFolder> temporary_;
  std::string path_;
};

UnitProblem problem_of(const std::string& file, const UnitErrors& errors) {
  std::string what = std::to_string(errors.count) + (errors.count == 1 ? " error" : " errors");
  if (!errors.first.empty()) what += ", first: " + errors.first.front();
  return {file, what};
}

// A dump of a program without debug information says which members close a cycle only with the types of the source.
std::string report_of_run(const Program& program, const LintOptions& options) {
  if (is_report(options.confirm)) return read_report(options.confirm);
  const TemporaryFolder folder;
  const std::string types = folder.path() + "/types.json";
  write_type_map(program, types);
  return analyze_dump(options.confirm, types, options.reftally);
}

std::set<std::string> files_of(const std::string& facts) {
  const std::vector<std::string> files = files_read(facts);
  return {files.begin(), files.end()};
}

}  // namespace

void gather(const std::vector<CompileCommand>& commands, const LintOptions& options, const Clang& clang,
            Program& program, LintReport& report) {
  const FactsFolder folder(options.cache_dir);
  std::vector<std::string> files;
  for (const CompileCommand& command : commands) files.push_back(folder.file(command, options.extract));
  FileStates states;
  std::vector<size_t> stale;
  for (size_t i = 0; i < commands.size(); ++i)
    if (!is_fresh(files[i], states)) stale.push_back(i);
  // Before this point nothing is parsed; after it every file has facts or a problem.
  const std::vector<std::string> lost = Extraction{commands, files, options.extract, options.limits, clang}.run(stale);
  for (size_t i = 0; i < commands.size(); ++i) {
    if (!lost[i].empty()) {
      report.problems.push_back({commands[i].file, "not analysed: " + lost[i]});
      continue;
    }
    const UnitErrors errors = load_facts_file(files[i], program);
    if (options.only_some_files) report.files_read.merge(files_of(files[i]));
    if (errors.count) report.problems.push_back(problem_of(commands[i].file, errors));
  }
  program.finish();
  report.units = commands.size();
  report.units_from_cache = commands.size() - stale.size();
  report.functions = program.functions().size();
  report.classes = program.records().size();
}

void judge(const Program& program, const LintOptions& options, LintReport& report) {
  const ObjectGraphs graphs(program);
  const std::vector<ProvedCycle> cycles = prove_cycles(program, graphs);
  const OwnershipGraph types(program, graphs);
  const LintContext context{program, graphs, cycles, types, options.pedantic};
  report.functions_given_up = count_functions_given_up(program);
  NoLint comments;
  std::vector<LintFinding> findings = run_lint_rules(context, options.rules);
  if (!options.confirm.empty()) {
    confirm_findings(context, options.confirm, report_of_run(program, options), findings);
    finish_findings(findings);
  }
  for (LintFinding& finding : findings) comments.apply(finding);
  if (!options.baseline.empty()) apply_baseline(program, options, findings, report);
  for (LintFinding& finding : findings)
    (finding.suppressed_by.empty() ? report.findings : report.suppressed).push_back(std::move(finding));
}

void draw_class(const Program& program, const std::string& name, unsigned depth, std::ostream& out) {
  std::vector<const RecordFact*> meant;
  for (const RecordFact& record : program.records()) {
    if (record.name == name) meant = {&record};
    if (record.name == name) break;
    if (record.name.ends_with("::" + name) || record.pattern == name) meant.push_back(&record);
  }
  if (meant.empty()) throw Error("--graph " + name + ": the project has no such class");
  if (meant.size() > 1) throw Error("--graph " + name + ": could be " + meant[0]->name + " or " + meant[1]->name);
  const ObjectGraphs graphs(program);
  OwnershipGraph(program, graphs).write_dot(*meant.front(), depth, out);
}

}  // namespace reftally::lint
