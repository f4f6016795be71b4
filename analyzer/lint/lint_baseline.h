// The baseline of a lint: what it knows is suppressed, what is no longer there is told or dropped.
#pragma once

#include <vector>

#include "analyzer/lint/lint_report.h"
#include "analyzer/lint/lint_run.h"
#include "analyzer/lint/program.h"

namespace reftally::lint {

// Before findings are parted into told and suppressed ones. With options.update_baseline the file is written anew.
void apply_baseline(const Program& program, const LintOptions& options, std::vector<LintFinding>& findings,
                    LintReport& report);

}  // namespace reftally::lint
