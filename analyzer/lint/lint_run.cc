#include "analyzer/lint/lint_run.h"

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "analyzer/base/error.h"
#include "analyzer/findings/baseline.h"
#include "analyzer/lint/facts_file.h"
#include "analyzer/lint/lint_confirm.h"
#include "analyzer/lint/lint_rules.h"
#include "analyzer/lint/nolint.h"

namespace reftally::lint {
namespace {

namespace fs = std::filesystem;

// Facts files live in the cache, or in a folder that goes with the run.
class FactsFolder {
 public:
  explicit FactsFolder(const std::string& cache) : path_(cache) {
    if (!cache.empty()) {
      std::error_code failed;
      fs::create_directories(cache, failed);
      if (failed) throw Error(cache + ": cannot be made: " + failed.message());
      return;
    }
    std::string pattern = (fs::temp_directory_path() / "reftally-lint-XXXXXX").string();
    if (!mkdtemp(pattern.data())) throw Error(pattern + ": cannot be made");
    path_ = pattern;
    is_temporary_ = true;
  }
  ~FactsFolder() {
    std::error_code ignored;
    if (is_temporary_) fs::remove_all(path_, ignored);
  }
  std::string file(const CompileCommand& command, const ExtractOptions& options) const {
    return path_ + "/" + facts_file_name(command, options);
  }

 private:
  std::string path_;
  bool is_temporary_ = false;
};

UnitProblem problem_of(const std::string& file, const UnitErrors& errors) {
  std::string what = std::to_string(errors.count) + (errors.count == 1 ? " error" : " errors");
  if (!errors.first.empty()) what += ", first: " + errors.first.front();
  return {file, what};
}

// Findings that the baseline knows are suppressed; those of other rules in it belong to `reftally check`.
void apply_baseline(const LintOptions& options, std::vector<LintFinding>& findings, LintReport& report) {
  std::ifstream in(options.baseline, std::ios::binary);
  if (!in && !options.update_baseline) throw Error(options.baseline + ": cannot be read; --update-baseline writes it");
  std::ostringstream text;
  text << in.rdbuf();
  std::vector<BaselineEntry> before;
  if (in) before = read_baseline(text.view(), options.baseline);
  std::vector<BaselineEntry> found, others;
  for (const LintFinding& finding : findings)
    if (finding.suppressed_by.empty()) found.push_back({finding.fingerprint, finding.rule, finding.message, 1});
  for (const BaselineEntry& entry : before)
    if (!is_lint_rule(entry.rule)) others.push_back(entry);
  std::erase_if(before, [](const BaselineEntry& entry) { return !is_lint_rule(entry.rule); });
  if (options.update_baseline) {
    others.insert(others.end(), found.begin(), found.end());
    std::ofstream out(options.baseline, std::ios::binary);
    out << write_baseline(others);
    out.close();
    if (!out) throw Error(options.baseline + ": cannot be written");
    before = found;
  }
  std::set<std::string> known;
  for (const BaselineEntry& entry : before) known.insert(entry.fingerprint);
  for (LintFinding& finding : findings)
    if (finding.suppressed_by.empty() && known.count(finding.fingerprint))
      finding.suppressed_by = "baseline " + options.baseline;
  const size_t gone = compare_with_baseline(found, before).gone.size();
  if (gone > 0)
    report.remarks.push_back(std::to_string(gone) + " findings of " + options.baseline +
                             " are gone; --update-baseline drops them");
}

}  // namespace

void gather(const std::vector<CompileCommand>& commands, const LintOptions& options, const Extract& extract,
            Program& program, LintReport& report) {
  const FactsFolder folder(options.cache_dir);
  FileStates states;
  std::vector<size_t> stale;
  for (size_t i = 0; i < commands.size(); ++i)
    if (!is_fresh(folder.file(commands[i], options.extract), states)) stale.push_back(i);
  // Before this point nothing is parsed; after it every file has facts or a problem.
  const std::vector<TaskResult> results = run_in_workers(stale.size(), options.limits, [&](size_t task) {
    const CompileCommand& command = commands[stale[task]];
    static FileStates seen;  // of this worker: headers repeat
    write_facts_file(folder.file(command, options.extract), extract(command, options.extract), seen);
  });
  std::vector<std::string> lost(commands.size());
  for (size_t task = 0; task < results.size(); ++task)
    if (results[task].state != TaskState::kDone) lost[stale[task]] = results[task].message;
  for (size_t i = 0; i < commands.size(); ++i) {
    if (!lost[i].empty()) {
      report.problems.push_back({commands[i].file, "not analysed: " + lost[i]});
      continue;
    }
    const UnitErrors errors = load_facts_file(folder.file(commands[i], options.extract), program);
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
    confirm_findings(context, options.confirm, run_time_report(options.confirm, options.reftally), findings);
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
