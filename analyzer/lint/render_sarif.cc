// SARIF 2.1.0. Every rule is listed even when nothing fired, so that a viewer can tell "clean" from "not run".
// Limits of GitHub's code scanning: 100 locations a result are kept.
#include <algorithm>
#include <cctype>
#include <cstring>
#include <nlohmann/json.hpp>
#include <ostream>

#include "analyzer/lint/lint_report.h"
#include "analyzer/lint/lint_rules.h"

namespace reftally::lint {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMostLocations = 100;

std::string percent_encoded(const std::string& path) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string result;
  for (unsigned char c : path) {
    if (isalnum(c) || strchr("/._-~+,@", c))
      result += static_cast<char>(c);
    else
      result += {'%', kDigits[c >> 4], kDigits[c & 15]};
  }
  return result;
}

Json artifact(const LintReport& report, const std::string& file) {
  const std::string shown = shown_path(report, file);
  if (shown.starts_with('/')) return {{"uri", "file://" + percent_encoded(shown)}};
  return {{"uri", percent_encoded(shown)}, {"uriBaseId", "SRCROOT"}};
}

Json place(const LintReport& report, const Location& at, const std::string& text) {
  Json json{{"physicalLocation",
             {{"artifactLocation", artifact(report, at.file)},
              {"region", {{"startLine", std::max(1u, at.line)}, {"startColumn", std::max(1u, at.column)}}}}}};
  if (!text.empty()) json["message"] = {{"text", text}};
  return json;
}

Json rules() {
  Json list = Json::array();
  for (const LintRule& rule : lint_rules())
    list.push_back({{"id", std::string("reftally-") + rule.name},
                    {"shortDescription", {{"text", rule.summary}}},
                    {"fullDescription", {{"text", rule.summary}}},
                    {"help", {{"text", rule.advice}}},
                    {"properties", {{"tags", {"memory", "ownership"}}}}});
  return list;
}

size_t rule_index(const std::string& name) {
  size_t i = 0;
  for (const LintRule& rule : lint_rules()) {
    if (name == rule.name) return i;
    ++i;
  }
  return i;
}

Json result_of(const LintReport& report, const LintFinding& finding) {
  Json related = Json::array(), flow = Json::array();
  for (const LintNote& note : finding.notes) {
    if (related.size() == kMostLocations) break;
    Json location = place(report, note.location, note.text);
    if (note.is_edge) flow.push_back({{"location", location}});
    location["id"] = related.size();
    related.push_back(location);
  }
  Json json{{"ruleId", "reftally-" + finding.rule},
            {"ruleIndex", rule_index(finding.rule)},
            {"level", name_of(finding.severity)},
            {"rank", finding.rank},
            {"message", {{"text", finding.message}}},
            {"locations", Json::array({place(report, finding.location, "")})},
            {"partialFingerprints", {{"reftally/v1", finding.fingerprint}}}};
  if (!related.empty()) json["relatedLocations"] = related;
  if (!flow.empty()) json["codeFlows"] = Json::array({{{"threadFlows", Json::array({{{"locations", flow}}})}}});
  if (finding.seen) json["properties"] = {{"seenAtRunTime", finding.seen}};
  if (!finding.suppressed_by.empty())
    json["suppressions"] =
        Json::array({{{"kind", finding.suppressed_by.starts_with("NOLINT") ? "inSource" : "external"},
                      {"justification", finding.suppressed_by}}});
  return json;
}

}  // namespace

void render_lint_sarif(const LintReport& report, std::ostream& out) {
  Json results = Json::array(), notifications = Json::array();
  for (const LintFinding& finding : report.findings) results.push_back(result_of(report, finding));
  for (const LintFinding& finding : report.suppressed) results.push_back(result_of(report, finding));
  for (const UnitProblem& problem : report.problems)
    notifications.push_back(
        {{"level", "error"}, {"message", {{"text", shown_path(report, problem.file) + ": " + problem.what}}}});
  const Json run{{"tool", {{"driver", {{"name", "reftally-lint"}, {"version", "0.1.0"}, {"rules", rules()}}}}},
                 {"originalUriBaseIds", {{"SRCROOT", {{"uri", "file://" + percent_encoded(report.root) + "/"}}}}},
                 {"invocations", Json::array({{{"executionSuccessful", report.problems.empty()},
                                               {"toolExecutionNotifications", notifications}}})},
                 {"columnKind", "utf16CodeUnits"},
                 {"results", results}};
  const Json json{
      {"$schema", "https://json.schemastore.org/sarif-2.1.0.json"}, {"version", "2.1.0"}, {"runs", Json::array({run})}};
  out << json.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
}

}  // namespace reftally::lint
