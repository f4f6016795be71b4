// What every lint renderer prints.
#pragma once

#include <iosfwd>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "analyzer/lint/lint_finding.h"

namespace reftally::lint {

struct UnitProblem {
  std::string file;  // as shown
  std::string what;  // "3 errors, first: a.cc:2: unknown type name 'x'", "killed by signal 11"
};

struct LintReport {
  std::vector<LintFinding> findings;    // worst first
  std::vector<LintFinding> suppressed;  // by NOLINT or the baseline, with the reason
  std::vector<UnitProblem> problems;    // files that were not, or not fully, analysed
  size_t units = 0, units_from_cache = 0, functions = 0, classes = 0;
  size_t functions_given_up = 0;     // of CPython extensions: too many paths
  std::set<std::string> files_read;  // absolute; only with LintOptions::only_some_files
  std::string root;                  // paths are shown relative to it
  std::vector<std::string> remarks;  // on the baseline, on what a run showed
};

struct LintRenderer {
  const char* name;
  const char* summary;
  void (*render)(const LintReport& report, std::ostream& out);
};

std::span<const LintRenderer> lint_renderers();

std::string shown_path(const LintReport& report, const std::string& path);

void render_lint_text(const LintReport& report, std::ostream& out);
void render_lint_json(const LintReport& report, std::ostream& out);
void render_lint_sarif(const LintReport& report, std::ostream& out);
void render_lint_diff(const LintReport& report, std::ostream& out);

}  // namespace reftally::lint
