#include <nlohmann/json.hpp>
#include <ostream>

#include "analyzer/lint/lint_report.h"

namespace reftally::lint {
namespace {

using Json = nlohmann::ordered_json;

Json place(const LintReport& report, const Location& at) {
  return {{"file", shown_path(report, at.file)}, {"line", at.line}, {"column", at.column}};
}

Json to_json(const LintReport& report, const LintFinding& finding) {
  Json notes = Json::array();
  for (const LintNote& note : finding.notes) {
    Json item = place(report, note.location);
    item["text"] = note.text;
    item["edge"] = note.is_edge;
    notes.push_back(item);
  }
  Json json{{"rule", finding.rule}, {"severity", name_of(finding.severity)},       {"fingerprint", finding.fingerprint},
            {"rank", finding.rank}, {"location", place(report, finding.location)}, {"message", finding.message},
            {"notes", notes}};
  if (!finding.weaken.empty()) json["advice"] = {{"weaken", finding.weaken}};
  if (finding.seen) json["seen_at_run_time"] = finding.seen;
  if (!finding.suppressed_by.empty()) json["suppressed_by"] = finding.suppressed_by;
  return json;
}

}  // namespace

void render_lint_json(const LintReport& report, std::ostream& out) {
  Json findings = Json::array(), suppressed = Json::array(), problems = Json::array();
  for (const LintFinding& finding : report.findings) findings.push_back(to_json(report, finding));
  for (const LintFinding& finding : report.suppressed) suppressed.push_back(to_json(report, finding));
  for (const UnitProblem& problem : report.problems)
    problems.push_back({{"file", shown_path(report, problem.file)}, {"what", problem.what}});
  const Json json{{"schema", "reftally-lint/1"},
                  {"totals",
                   {{"files", report.units},
                    {"classes", report.classes},
                    {"functions", report.functions},
                    {"functions_given_up", report.functions_given_up}}},
                  {"findings", findings},
                  {"suppressed", suppressed},
                  {"problems", problems}};
  out << json.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
}

}  // namespace reftally::lint
