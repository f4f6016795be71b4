// What is in the baseline and was not found is gone only where it was looked for. A run over some files alone has
// looked for the entries that rest on those files and on no others; an entry names its files, relative to the
// baseline's folder.
#include "analyzer/lint/lint_baseline.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "analyzer/base/error.h"
#include "analyzer/base/whole_file.h"
#include "analyzer/findings/baseline.h"
#include "analyzer/lint/lint_rules.h"

namespace reftally::lint {
namespace {

namespace fs = std::filesystem;

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

// The function and all it may call: what builds a cycle may stand in any of them.
void add_files_behind(const Program& program, const std::string& function, std::set<std::string>& files) {
  std::vector<const FunctionFact*> waiting;
  std::set<const FunctionFact*> seen;
  auto wait = [&](const FunctionFact* next) {
    if (next && seen.insert(next).second) waiting.push_back(next);
  };
  for (const FunctionFact& each : program.functions())
    if (each.name == function) wait(&each);
  while (!waiting.empty()) {
    const FunctionFact* next = waiting.back();
    waiting.pop_back();
    files.insert(next->location.file);
    for (const Key& callee : next->calls) {
      wait(program.function(callee));
      for (const FunctionFact* overrider : program.overriders(callee)) wait(overrider);
    }
  }
}

// None of what rests on how Python's references go through calls: helpers in any file may have a part in it.
std::vector<std::string> files_behind(const Program& program, const LintFinding& finding, const fs::path& folder) {
  if (finding.rule.starts_with("py-")) return {};
  std::set<std::string> files{finding.location.file};
  for (const LintNote& note : finding.notes) files.insert(note.location.file);
  if (!finding.function.empty()) add_files_behind(program, finding.function, files);
  std::vector<std::string> relative;
  for (const std::string& file : files)
    if (!file.empty()) relative.push_back(fs::path(file).lexically_relative(folder).generic_string());
  return relative;
}

fs::path folder_of(const LintOptions& options) {
  return fs::absolute(options.baseline).lexically_normal().parent_path();
}

bool was_looked_for(const BaselineEntry& entry, const LintOptions& options, const LintReport& report) {
  if (!options.only_some_files) return true;
  return !entry.files.empty() && std::all_of(entry.files.begin(), entry.files.end(), [&](const std::string& file) {
    return report.files_read.contains((folder_of(options) / file).lexically_normal().string());
  });
}

std::vector<BaselineEntry> entries_of(const Program& program, const LintOptions& options,
                                      const std::vector<LintFinding>& findings) {
  std::vector<BaselineEntry> entries;
  for (const LintFinding& finding : findings)
    if (finding.suppressed_by.empty())
      entries.push_back(
          {finding.fingerprint,
           finding.rule,
           finding.message,
           1,
           {},
           options.update_baseline ? files_behind(program, finding, folder_of(options)) : std::vector<std::string>{}});
  return entries;
}

void tell_of_gone(const LintOptions& options, size_t gone, size_t not_looked_for, LintReport& report) {
  auto tell = [&](size_t count, const char* said) {
    if (count == 0) return;
    const std::string are = count == 1 ? " finding is " : " findings are ";
    report.remarks.push_back(options.baseline + ": " + std::to_string(count) + are + said);
  };
  if (!report.problems.empty()) return tell(gone, "not found and kept: not every file could be read whole");
  if (options.update_baseline) return tell(not_looked_for, "kept, for files that this run did not look at");
  tell(gone, "gone; --update-baseline drops what is gone");
}

}  // namespace

void apply_baseline(const Program& program, const LintOptions& options, std::vector<LintFinding>& findings,
                    LintReport& report) {
  const std::vector<BaselineEntry> found = entries_of(program, options, findings);
  std::vector<BaselineEntry> before = read_known(options);
  const auto others = std::partition(before.begin(), before.end(), [&](const BaselineEntry& entry) {
    return is_looked_for(entry.rule, options.rules);
  });
  std::vector<BaselineEntry> kept(others, before.end());
  before.erase(others, before.end());
  std::vector<BaselineEntry> gone = compare_with_baseline(found, before).gone;
  const auto elsewhere = std::partition(
      gone.begin(), gone.end(), [&](const BaselineEntry& entry) { return was_looked_for(entry, options, report); });
  kept.insert(kept.end(), report.problems.empty() ? elsewhere : gone.begin(), gone.end());
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
  tell_of_gone(options, elsewhere - gone.begin(), gone.end() - elsewhere, report);
}

}  // namespace reftally::lint
