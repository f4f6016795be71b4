#include "analyzer/lint/lint_run.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>

#include "analyzer/base/error.h"
#include "analyzer/base/whole_file.h"
#include "analyzer/findings/baseline.h"
#include "analyzer/lint/facts_file.h"
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

std::vector<BaselineEntry> read_known(const LintOptions& options) {
  std::ifstream in(options.baseline, std::ios::binary);
  if (!in && !options.update_baseline) throw Error(options.baseline + ": cannot be read; --update-baseline writes it");
  if (!in) return {};
  std::ostringstream text;
  text << in.rdbuf();
  return read_baseline(text.view(), options.baseline);
}

// Entries of other rules belong to `reftally check`, or were not asked for.
bool is_looked_for(const std::string& rule, const std::vector<std::string>& rules) {
  return is_lint_rule(rule) && (rules.empty() || std::find(rules.begin(), rules.end(), rule) != rules.end());
}

// Findings that the baseline knows are suppressed. What is in it and was not found is gone only when all was read.
void apply_baseline(const LintOptions& options, std::vector<LintFinding>& findings, LintReport& report) {
  std::vector<BaselineEntry> found, before = read_known(options);
  for (const LintFinding& finding : findings)
    if (finding.suppressed_by.empty()) found.push_back({finding.fingerprint, finding.rule, finding.message, 1});
  const auto others = std::partition(before.begin(), before.end(), [&](const BaselineEntry& entry) {
    return is_looked_for(entry.rule, options.rules);
  });
  std::vector<BaselineEntry> kept(others, before.end());
  before.erase(others, before.end());
  const std::vector<BaselineEntry> gone = compare_with_baseline(found, before).gone;
  if (!report.problems.empty()) kept.insert(kept.end(), gone.begin(), gone.end());
  if (options.update_baseline) {
    kept.insert(kept.end(), found.begin(), found.end());
    write_file_whole(options.baseline, write_baseline(kept));
    before = found;
  }
  std::set<std::string> known;
  for (const BaselineEntry& entry : before) known.insert(entry.fingerprint);
  for (LintFinding& finding : findings)
    if (finding.suppressed_by.empty() && known.count(finding.fingerprint))
      finding.suppressed_by = "baseline " + options.baseline;
  if (gone.empty()) return;
  const std::string count = std::to_string(gone.size()) + " findings of " + options.baseline;
  if (!report.problems.empty())
    report.remarks.push_back(count + " were not found, and are kept: not every file could be read whole");
  else if (!options.update_baseline)
    report.remarks.push_back(count + " are gone; --update-baseline drops them");
}

// A dump of a program without debug information says which members close a cycle only with the types of the source.
std::string report_of_run(const Program& program, const LintOptions& options) {
  if (is_report(options.confirm)) return read_report(options.confirm);
  const TemporaryFolder folder;
  const std::string types = folder.path() + "/types.json";
  write_type_map(program, types);
  return analyze_dump(options.confirm, types, options.reftally);
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
  if (!options.baseline.empty()) apply_baseline(options, findings, report);
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
