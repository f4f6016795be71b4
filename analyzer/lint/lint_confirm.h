// What was seen at run time, joined to what source says: findings that a run confirms, and cycles of a run with the
// declarations and stores that make them.
#pragma once

#include <string>

#include "analyzer/lint/lint_report.h"
#include "analyzer/lint/lint_rules.h"

namespace reftally::lint {

// `report` is a JSON report of `reftally analyze`. Raises the findings that its cycles confirm, and adds those that no
// finding foresaw. Throws Error when it is no such report.
void confirm_findings(const LintContext& context, const std::string& file, std::string_view report_json,
                      std::vector<LintFinding>& findings);

// The JSON report of a file: itself, or what `reftally analyze --format json` says of a dump or core.
std::string run_time_report(const std::string& file, const std::string& reftally);

}  // namespace reftally::lint
