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

bool is_report(const std::string& file);  // a JSON report; else a dump or core. Throws Error when it cannot be read
std::string read_report(const std::string& file);
// What `reftally analyze --format json --type-map` says of a dump or core; `reftally` is that command.
std::string analyze_dump(const std::string& file, const std::string& type_map, const std::string& reftally);

}  // namespace reftally::lint
