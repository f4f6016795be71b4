// SARIF 2.1.0, for code scanning services: a finding's place is the member to weaken, its cycle a code flow.
#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>

#include "analyzer/findings/rules.h"
#include "reports/escape.h"
#include "reports/names.h"
#include "reports/renderers.h"

namespace reftally {
namespace {

using Json = nlohmann::ordered_json;

// A path as the path of a URI (RFC 3986): everything but unreserved characters and slashes is percent-encoded.
std::string uri_of(const std::string& path) {
  std::string uri = path.starts_with('/') ? "file://" : "";
  for (char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain =
        byte < 0x80 && (std::isalnum(byte) != 0 || std::string_view("-._~/").find(c) != std::string_view::npos);
    uri += plain ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  return uri;
}

Json physical(const std::string& file, uint32_t line) {
  Json place = {{"artifactLocation", {{"uri", uri_of(file)}}}};
  if (line != 0) place["region"] = {{"startLine", line}};
  return place;
}

// Of "FILE:LINE"; null when that says nothing.
Json physical(const std::string& location) {
  const size_t colon = location.rfind(':');
  if (colon == std::string::npos || colon == 0) return nullptr;
  return physical(location.substr(0, colon),
                  static_cast<uint32_t>(std::strtoul(location.c_str() + colon + 1, nullptr, 10)));
}

Json place(const Json& physical_location, const std::string& text) {
  Json location = Json::object();
  if (!physical_location.is_null()) location["physicalLocation"] = physical_location;
  if (!text.empty()) location["message"] = {{"text", printable(text)}};
  return location;
}

Json frame_place(const ReportFrame& frame) {
  return place(frame.file.empty() ? Json(nullptr) : physical(frame.file, frame.line), short_function(frame.function));
}

// GitHub refuses a whole file for one place without a file: where no source is known, it is the program.
Json or_program(Json location, const std::string& executable) {
  if (!location.contains("physicalLocation"))
    location["physicalLocation"] = physical(executable.empty() ? "unknown program" : executable, 1);
  return location;
}

// Where a reader has to look first: the member the advice is about, a member of the cycle, what still holds, the birth.
Json main_place(const ReportFinding& finding) {
  std::vector<std::pair<std::string, std::string>> places;
  if (finding.advice) places.emplace_back(finding.advice->location, finding.advice->weaken);
  if (!finding.cycle.empty()) places.emplace_back(finding.cycle.front().location, finding.cycle.front().member);
  if (!finding.path.empty()) places.emplace_back(finding.path.back().location, finding.path.back().member);
  for (const auto& [location, member] : places)
    if (Json at = physical(location); !at.is_null()) {
      Json result = place(at, "");
      result["logicalLocations"] = {{{"fullyQualifiedName", printable(cut(member, 1000))}, {"kind", "member"}}};
      return result;
    }
  for (const ReportFrame& frame : finding.born)
    if (!frame.file.empty()) return place(physical(frame.file, frame.line), "");
  return place(nullptr, "");
}

Json flow(const std::vector<ReportEdge>& edges, const std::string& executable) {
  Json steps = Json::array();
  for (const ReportEdge& edge : edges) {
    const std::string through = edge.member.empty() ? edge.from : edge.member;
    const std::string more = edge.left_out == 0 ? "" : fmt::format("… {} more: ", count_text(edge.left_out));
    const std::string text = fmt::format("{}{} ({}) -> {}", more, cut(through, 300), edge.kind, short_type(edge.to));
    steps.push_back({{"location", or_program(place(physical(edge.location), text), executable)},
                     {"importance", edge.weaken ? "essential" : "important"}});
  }
  return {{"threadFlows", {{{"locations", steps}}}}};
}

Json result_of(const ReportFinding& finding, size_t rule, const std::string& executable) {
  std::string text = finding.summary + ".";
  if (finding.advice)
    text += fmt::format(" {}: {}: {}.", finding.advice->safe ? "Fix" : "Maybe", finding.advice->action,
                        finding.advice->reason);
  Json result = {{"ruleId", finding.rule},
                 {"ruleIndex", rule},
                 {"level", finding.severity},
                 {"message", {{"text", printable(text)}}},
                 {"locations", Json::array({or_program(main_place(finding), executable)})},
                 {"partialFingerprints", {{"reftally/v1", finding.fingerprint}}},
                 {"occurrenceCount", std::max<uint64_t>(1, finding.instances)}};
  const std::vector<ReportEdge>& edges = finding.cycle.empty() ? finding.path : finding.cycle;
  if (!edges.empty()) result["codeFlows"] = Json::array({flow(edges, executable)});
  if (!finding.born.empty()) {
    Json frames = Json::array();
    for (const ReportFrame& frame : finding.born) frames.push_back({{"location", frame_place(frame)}});
    result["stacks"] = {{{"message", {{"text", "born in"}}}, {"frames", frames}}};
  }
  if (!finding.suppressed_by.empty())
    result["suppressions"] = {{{"kind", "external"}, {"justification", printable(finding.suppressed_by)}}};
  result["properties"] = {
      {"objects", finding.objects}, {"bytes", finding.bytes}, {"retainedBytes", finding.retained_bytes}};
  return result;
}

Json descriptor(const ReportFinding& finding) {
  const std::string what = rule_named(finding.rule.c_str()).help;
  return {{"id", finding.rule},
          {"shortDescription", {{"text", what}}},
          {"fullDescription", {{"text", what}}},
          {"help", {{"text", what + ". `reftally explain DUMP TYPE` tells who holds such an object."}}},
          {"defaultConfiguration", {{"level", finding.severity}}}};
}

}  // namespace

std::string render_sarif(const Report& report, const RenderOptions&) {
  std::map<std::string, size_t> rule_rows;
  Json rules = Json::array(), results = Json::array();
  for (const auto* findings : {&report.findings, &report.suppressed})
    for (const ReportFinding& finding : *findings) {
      const auto [row, fresh] = rule_rows.try_emplace(finding.rule, rules.size());
      if (fresh) rules.push_back(descriptor(finding));
      results.push_back(result_of(finding, row->second, report.executable));
    }
  Json notes = Json::array();
  for (const std::string& warning : report.warnings)
    notes.push_back({{"level", "note"}, {"message", {{"text", printable(warning)}}}});
  const Json driver = {{"name", "reftally"}, {"version", "0.1.0"}, {"rules", rules}};
  const Json invocation = {{"executionSuccessful", true}, {"toolExecutionNotifications", notes}};
  const Json run = {{"tool", {{"driver", driver}}}, {"invocations", Json::array({invocation})}, {"results", results}};
  const Json sarif = {
      {"$schema", "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"},
      {"version", "2.1.0"},
      {"runs", Json::array({run})}};
  return sarif.dump(2) + "\n";
}

}  // namespace reftally
