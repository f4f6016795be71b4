// JSON version 1 (DESIGN section 6): names are stable, new ones are added, none is renamed.
#include <nlohmann/json.hpp>

#include "reports/escape.h"
#include "reports/interpreter_json.h"
#include "reports/renderers.h"

namespace reftally {
namespace {

using Json = nlohmann::ordered_json;

Json frames_json(const std::vector<ReportFrame>& frames) {
  Json array = Json::array();
  for (const ReportFrame& frame : frames)
    array.push_back({{"function", printable(frame.function)}, {"file", printable(frame.file)}, {"line", frame.line}});
  return array;
}

Json edges_json(const std::vector<ReportEdge>& edges) {
  Json array = Json::array();
  for (const ReportEdge& edge : edges) {
    array.push_back({{"from", printable(edge.from)},
                     {"via", printable(edge.via)},
                     {"kind", edge.kind},
                     {"certainty", edge.certainty},
                     {"to", printable(edge.to)},
                     {"location", printable(edge.location)},
                     {"member", printable(edge.member)}});
    if (edge.left_out != 0) array.back()["left_out"] = edge.left_out;
    if (!edge.acquired.empty()) array.back()["acquired"] = frames_json(edge.acquired);
  }
  return array;
}

Json holders_json(const std::vector<ReportHolder>& holders) {
  Json array = Json::array();
  for (const ReportHolder& holder : holders)
    array.push_back({{"member", printable(holder.member)},
                     {"kind", holder.kind},
                     {"certainty", holder.certainty},
                     {"count", holder.count},
                     {"pays", holder.pays},
                     {"location", printable(holder.location)}});
  return array;
}

Json acquires_json(const std::vector<ReportAcquire>& acquires) {
  Json array = Json::array();
  for (const ReportAcquire& acquire : acquires)
    array.push_back({{"references", acquire.units},
                     {"what", acquire.is_release ? "release"
                              : acquire.is_birth ? "birth"
                                                 : "acquire"},
                     {"certain", acquire.is_certain},
                     {"frames", frames_json(acquire.frames)}});
  return array;
}

Json balance_node_json(const ReportBalanceNode& node) {
  Json json = {{"calls", printable(node.calls)}, {"balance", node.balance}, {"call_paths", node.stacks}};
  if (node.is_balanced) json["balanced"] = true;
  if (node.ends_stack) json["itself"] = node.own;
  if (!node.children.empty()) json["below"] = Json::array();
  for (const ReportBalanceNode& child : node.children) json["below"].push_back(balance_node_json(child));
  if (node.left_out != 0) json["left_out"] = {{"nodes", node.left_out}, {"balance", node.left_out_balance}};
  return json;
}

Json balance_json(const ReportBalance& balance) {
  return {
      {"objects", balance.objects}, {"strong_counts", balance.strong_counts}, {"tree", balance_node_json(balance.top)}};
}

Json count_event_json(const ReportCountEvent& event) {
  return {{"seconds_before", event.seconds},
          {"thread", event.thread},
          {"before", event.before},
          {"after", event.after},
          {"frames", frames_json(event.frames)}};
}

Json counts_json(const ReportCounts& counts) {
  Json json = {{"type", printable(counts.type)}, {"address", counts.address}, {"pairs", counts.pairs}};
  json["points"] = Json::array();
  for (const ReportCountPoint& point : counts.points)
    json["points"].push_back(
        {{"seconds_before", point.seconds}, {"least", point.least}, {"most", point.most}, {"after", point.after}});
  json["open"] = Json::array();
  for (const ReportCountEvent& event : counts.open) json["open"].push_back(count_event_json(event));
  if (counts.open_left_out != 0) json["open_left_out"] = counts.open_left_out;
  if (counts.last_given) json["last_given"] = count_event_json(*counts.last_given);
  return json;
}

Json finding_json(const ReportFinding& finding) {
  Json json;
  json["rule"] = finding.rule;
  json["severity"] = finding.severity;
  json["fingerprint"] = finding.fingerprint;
  json["instances"] = finding.instances;
  json["objects"] = finding.objects;
  json["held_objects"] = finding.held_objects;
  json["bytes"] = finding.bytes;
  json["retained_bytes"] = finding.retained_bytes;
  json["summary"] = finding.summary;
  json["members"] = Json::array();
  for (const ReportMember& member : finding.members)
    json["members"].push_back({{"type", printable(member.type)}, {"count", member.count}});
  json["cycle"] = edges_json(finding.cycle);
  json["path"] = edges_json(finding.path);
  if (finding.account)
    json["account"] = {{"strong_count", finding.account->strong_count},
                       {"heap_references", finding.account->heap_references},
                       {"root_references", finding.account->root_references},
                       {"remainder", finding.account->remainder}};
  json["subject"] = printable(finding.subject);
  json["holders"] = holders_json(finding.holders);
  json["born"] = frames_json(finding.born);
  if (!finding.acquires.empty()) json["acquired"] = acquires_json(finding.acquires);
  if (finding.balance) json["balance"] = balance_json(*finding.balance);
  if (!finding.counts.empty()) json["counts"] = finding.counts;
  if (finding.advice)
    json["advice"] = {{"weaken", printable(finding.advice->weaken)},    {"breaks", finding.advice->breaks},
                      {"frees_bytes", finding.advice->frees_bytes},     {"safe", finding.advice->safe},
                      {"action", printable(finding.advice->action)},    {"reason", printable(finding.advice->reason)},
                      {"location", printable(finding.advice->location)}};
  if (finding.depth != 0) json["depth"] = finding.depth;
  if (finding.growth)
    json["growth"] = {{"place", printable(finding.growth->place)},
                      {"held", finding.growth->held},
                      {"unit", finding.growth->is_bytes ? "bytes" : "objects"},
                      {"grown_bytes", finding.growth->grown_bytes}};
  json["evidence"] = Json::array();
  for (const std::string& evidence : finding.evidence) json["evidence"].push_back(printable(evidence));
  if (!finding.suppressed_by.empty()) json["suppressed_by"] = printable(finding.suppressed_by);
  return json;
}

Json history_json(const ReportHistory& history) {
  Json json = {{"one_process", history.one_process}, {"snapshots", Json::array()}, {"types", Json::array()}};
  for (const ReportSnapshot& snapshot : history.snapshots) {
    json["snapshots"].push_back({{"file", printable(snapshot.file)},
                                 {"seconds", snapshot.seconds},
                                 {"objects", snapshot.objects},
                                 {"bytes", snapshot.bytes}});
    if (history.has_collector) json["snapshots"].back()["collector"] = generation_json(snapshot.collector);
  }
  for (const ReportTypeHistory& row : history.types)
    json["types"].push_back({{"type", printable(row.type)}, {"objects", row.objects}, {"bytes", row.bytes}});
  return json;
}

}  // namespace

std::string render_json(const Report& report, const RenderOptions&) {
  Json json;
  json["schema"] = "reftally-analysis/1";
  json["process"] = {{"executable", printable(report.executable)},
                     {"command_line", printable(report.command_line)},
                     {"pid", report.pid},
                     {"reason", report.reason},
                     {"flavours", report.flavours}};
  const ReportTotals& totals = report.totals;
  json["totals"] = {{"blocks", totals.blocks},
                    {"bytes", totals.bytes},
                    {"objects", totals.objects},
                    {"references", totals.references},
                    {"reachable_bytes", totals.reachable_bytes},
                    {"unreachable_bytes", totals.unreachable_bytes},
                    {"unreachable_blocks", totals.unreachable_blocks},
                    {"counted_objects", totals.counted_objects},
                    {"explained_objects", totals.explained_objects}};
  if (totals.audited_objects != 0) {
    json["totals"]["audited_objects"] = totals.audited_objects;
    json["totals"]["agreeing_objects"] = totals.agreeing_objects;
  }
  if (totals.has_collector) {
    json["totals"]["explained_by_structure"] = totals.explained_by_structure;
    json["totals"]["explained_with_words"] = totals.explained_with_words;
    json["totals"]["waiting_for_collector_objects"] = totals.waiting_objects;
    json["totals"]["waiting_for_collector_bytes"] = totals.waiting_bytes;
  }
  json["findings"] = Json::array();
  for (const ReportFinding& finding : report.findings) json["findings"].push_back(finding_json(finding));
  json["suppressed"] = Json::array();
  for (const ReportFinding& finding : report.suppressed) json["suppressed"].push_back(finding_json(finding));
  json["unexplained"] = Json::array();
  for (const ReportUnexplained& row : report.unexplained)
    json["unexplained"].push_back({{"type", printable(row.type)},
                                   {"cause", row.cause},
                                   {"objects", row.objects},
                                   {"units", row.units},
                                   {"example", row.example}});
  if (!report.counts.empty()) json["counts"] = Json::array();
  for (const ReportCounts& counts : report.counts) json["counts"].push_back(counts_json(counts));
  if (report.counts_left_out != 0) json["counts_left_out"] = report.counts_left_out;
  if (report.history) json["history"] = history_json(*report.history);
  if (report.interpreter) json["interpreter"] = interpreter_json(*report.interpreter);
  json["warnings"] = Json::array();
  for (const std::string& warning : report.warnings) json["warnings"].push_back(printable(warning));
  return json.dump(2) + "\n";
}

}  // namespace reftally
