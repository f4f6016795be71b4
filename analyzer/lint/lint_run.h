// The lint from compile commands to a report: one page of passes.
#pragma once

#include <string>
#include <vector>

#include "analyzer/lint/extraction.h"
#include "analyzer/lint/lint_report.h"
#include "analyzer/lint/program.h"

namespace reftally::lint {

struct LintOptions {
  ExtractOptions extract;
  WorkerLimits limits;
  std::string cache_dir;           // empty: no cache
  std::vector<std::string> rules;  // empty: all
  bool pedantic = false;
  std::string baseline;  // file, or empty
  bool update_baseline = false;
  bool only_some_files = false;  // of the project, named by the user
  std::string confirm;           // a dump, core or JSON report of a run, or empty
  std::string reftally;          // the command that reads dumps
  std::string root;              // paths are shown relative to it
};

void gather(const std::vector<CompileCommand>& commands, const LintOptions& options, const Clang& clang,
            Program& program, LintReport& report);
void judge(const Program& program, const LintOptions& options, LintReport& report);
// The ownership graph around one class, in GraphViz's language. Throws Error when no or more than one class is meant.
void draw_class(const Program& program, const std::string& name, unsigned depth, std::ostream& out);

}  // namespace reftally::lint
