// The lint from compile commands to a report: one page of passes.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "analyzer/lint/lint_report.h"
#include "analyzer/lint/program.h"
#include "analyzer/lint/translation_unit.h"
#include "analyzer/lint/workers.h"

namespace reftally::lint {

struct LintOptions {
  ExtractOptions extract;
  WorkerLimits limits;
  std::string cache_dir;           // empty: no cache
  std::vector<std::string> rules;  // empty: all
  bool pedantic = false;
  std::string baseline;  // file, or empty
  bool update_baseline = false;
  std::string root;  // paths are shown relative to it
};

using Extract = std::function<Facts(const CompileCommand&, const ExtractOptions&)>;

// Clang comes in as a function, so that the passes can be tested without it.
void gather(const std::vector<CompileCommand>& commands, const LintOptions& options, const Extract& extract,
            Program& program, LintReport& report);
void judge(const Program& program, const LintOptions& options, LintReport& report);

}  // namespace reftally::lint
