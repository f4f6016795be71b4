#include "reports/page_data.h"

#include <map>
#include <nlohmann/json.hpp>

#include "reports/escape.h"
#include "reports/interpreter_json.h"
#include "reports/names.h"
#include "reports/page_interpreter.h"
#include "reports/picture.h"
#include "reports/type_map.h"

namespace reftally {
namespace {

using Json = nlohmann::ordered_json;

// Findings with a picture by Graphviz; of the others the page draws the cycle alone. A picture takes 10 to 50 ms.
constexpr size_t kPictures = 100;
constexpr size_t kLongestName = 12'000;  // bytes; who has longer ones has them cut

class PageData {
 public:
  explicit PageData(const Report& report) : report_(report) {}

  std::string run() {
    Json page;
    page["process"] = {{"program", text(base_name(report_.executable))},
                       {"command_line", text(report_.command_line)},
                       {"pid", report_.pid},
                       {"reason", report_.reason},
                       {"flavours", report_.flavours},
                       {"source", text(base_name(report_.source))}};
    page["totals"] = totals();
    page["findings"] = Json::array();
    for (size_t i = 0; i < report_.findings.size(); i++)
      page["findings"].push_back(finding(report_.findings[i], i < kPictures));
    page["suppressed"] = Json::array();
    for (const ReportFinding& one : report_.suppressed) page["suppressed"].push_back(finding(one, false));
    page["warnings"] = Json::array();
    for (const std::string& warning : report_.warnings) page["warnings"].push_back(text(warning));
    if (report_.overview) page["overview"] = overview(*report_.overview);
    if (report_.history) page["history"] = history(*report_.history);
    page["counts"] = Json::array();
    for (const ReportCounts& row : report_.counts) page["counts"].push_back(counts(row));
    page["counts_left_out"] = report_.counts_left_out;
    if (report_.interpreter)
      page["interpreter"] =
          page_interpreter(*report_.interpreter, [this](const std::string& type) { return name(type); });
    page["short"] = short_names_;
    page["frames"] = frames_;
    page["stacks"] = stacks_;
    return page.dump();
  }

 private:
  static std::string text(std::string_view bytes) { return printable(cut(bytes, kLongestName)); }

  // A type's name; its readable form is kept once, where it differs.
  std::string name(const std::string& type) {
    std::string whole = text(type);
    if (std::string brief = short_type(type); brief != whole) short_names_[whole] = std::move(brief);
    return whole;
  }

  uint32_t frame(const ReportFrame& frame) {
    const std::string place = place_text(frame);
    const std::string key = fmt_key(frame.function, frame.file, place);
    auto [found, fresh] = frame_ids_.try_emplace(key, static_cast<uint32_t>(frames_.size()));
    if (fresh) {
      const std::string path = frame.file.empty() ? frame.module : frame.file + ":" + std::to_string(frame.line);
      frames_.push_back({short_function(frame.function), text(place), text(frame.function), text(path)});
    }
    return found->second;
  }

  static std::string fmt_key(const std::string& a, const std::string& b, const std::string& c) {
    return a + '\n' + b + '\n' + c;
  }

  // Row of "stacks"; null when there is none.
  Json stack(const std::vector<ReportFrame>& frames) {
    if (frames.empty()) return nullptr;
    std::vector<uint32_t> ids;
    for (const ReportFrame& one : frames) ids.push_back(frame(one));
    auto [found, fresh] = stack_ids_.try_emplace(ids, static_cast<uint32_t>(stacks_.size()));
    if (fresh) stacks_.push_back(ids);
    return found->second;
  }

  Json totals() const {
    const ReportTotals& totals = report_.totals;
    return {{"blocks", totals.blocks},
            {"bytes", totals.bytes},
            {"objects", totals.objects},
            {"references", totals.references},
            {"unreachable_bytes", totals.unreachable_bytes},
            {"counted", totals.counted_objects},
            {"explained", totals.explained_objects}};
  }

  Json edge(const ReportEdge& edge, bool drawn) {
    Json json = {{"from", name(edge.from)}, {"via", text(edge.via)}, {"member", text(edge.member)},
                 {"to", name(edge.to)},     {"kind", edge.kind},     {"certainty", edge.certainty}};
    if (!edge.location.empty()) json["at"] = text(edge.location);
    if (edge.weaken) json["weaken"] = true;
    if (edge.last_hold) json["last_hold"] = true;
    if (edge.left_out != 0) json["left_out"] = edge.left_out;
    if (!edge.acquired.empty()) json["taken"] = stack(edge.acquired);
    if (!drawn) return json;
    json["a"] = edge.from_node;
    json["b"] = edge.to_node;
    if (edge.count != 1) json["count"] = edge.count;
    return json;
  }

  Json edges(const std::vector<ReportEdge>& rows, bool drawn) {
    Json json = Json::array();
    for (const ReportEdge& row : rows) json.push_back(edge(row, drawn));
    return json;
  }

  static Json account(const ReportAccount& sum) {
    return {sum.strong_count, sum.heap_references, sum.root_references, sum.remainder};
  }

  static Json holders(const std::vector<ReportHolder>& rows) {
    constexpr size_t kMost = 30;
    Json json = Json::array();
    for (size_t i = 0; i < rows.size() && i < kMost; i++)
      json.push_back({{"member", text(rows[i].member)},
                      {"kind", rows[i].kind},
                      {"certainty", rows[i].certainty},
                      {"count", rows[i].count},
                      {"pays", rows[i].pays},
                      {"at", text(rows[i].location)},
                      {"of", rows[i].addresses}});
    return json;
  }

  Json node(const ReportNode& node) {
    Json json = {{"type", name(node.type)}, {"role", node.role}, {"count", node.count}, {"bytes", node.bytes}};
    if (node.elided) json["elided"] = true;
    if (node.account) json["account"] = account(*node.account);
    if (node.most_strong != 0) json["most"] = node.most_strong;
    if (node.remainder != 0) json["remainder"] = node.remainder;
    if (!node.address.empty()) json["address"] = node.address;
    if (!node.born.empty()) json["born"] = stack(node.born);
    if (!node.holders.empty()) json["holders"] = holders(node.holders);
    return json;
  }

  Json acquires(const std::vector<ReportAcquire>& rows) {
    Json json = Json::array();
    for (const ReportAcquire& row : rows)
      json.push_back({{"stack", stack(row.frames)},
                      {"units", row.units},
                      {"birth", row.is_birth},
                      {"release", row.is_release},
                      {"certain", row.is_certain}});
    return json;
  }

  // [calls, balance, call paths, balanced, of stacks that end here or null, further nodes, their balance, below]
  static Json balance_node(const ReportBalanceNode& node) {
    Json below = Json::array();
    for (const ReportBalanceNode& child : node.children) below.push_back(balance_node(child));
    return {text(node.calls),
            node.balance,
            node.stacks,
            node.is_balanced,
            node.ends_stack ? Json(node.own) : Json(nullptr),
            node.left_out,
            node.left_out_balance,
            std::move(below)};
  }

  Json count_event(const ReportCountEvent& event) {
    return {event.seconds, event.thread, event.before, event.after, stack(event.frames)};
  }

  Json counts(const ReportCounts& counts) {
    Json json = {{"type", name(counts.type)},       {"address", counts.address}, {"first", counts.first},
                 {"points", Json::array()},         {"open", Json::array()},     {"pairs", counts.pairs},
                 {"left_out", counts.open_left_out}};
    for (const ReportCountPoint& point : counts.points)
      json["points"].push_back({point.seconds, point.least, point.most, point.after});
    for (const ReportCountEvent& event : counts.open) json["open"].push_back(count_event(event));
    if (counts.last_given) json["last"] = count_event(*counts.last_given);
    return json;
  }

  Json births(const std::vector<ReportBirth>& rows) {
    Json json = Json::array();
    for (const ReportBirth& row : rows)
      json.push_back(
          {{"stack", stack(row.frames)}, {"count", row.count}, {"bytes", row.bytes}, {"retained", row.retained_bytes}});
    return json;
  }

  static Json advice(const ReportAdvice& advice) {
    Json json = {{"action", text(advice.action)}, {"at", text(advice.location)}, {"breaks", advice.breaks},
                 {"frees", advice.frees_bytes},   {"safe", advice.safe},         {"reason", text(advice.reason)},
                 {"source", Json::array()}};
    for (const ReportSourceLine& line : advice.source)
      json["source"].push_back({{"line", line.number}, {"text", line.text}, {"here", line.here}});
    return json;
  }

  static Json growth(const ReportGrowth& growth) {
    return {{"place", text(growth.place)},
            {"held", growth.held},
            {"is_bytes", growth.is_bytes},
            {"grown", growth.grown_bytes}};
  }

  Json history(const ReportHistory& history) {
    Json json = {{"one_process", history.one_process},
                 {"has_collector", history.has_collector},
                 {"snapshots", Json::array()},
                 {"types", Json::array()}};
    for (const ReportSnapshot& snapshot : history.snapshots)
      json["snapshots"].push_back({{"file", text(base_name(snapshot.file))},
                                   {"seconds", snapshot.seconds},
                                   {"objects", snapshot.objects},
                                   {"bytes", snapshot.bytes},
                                   {"collector", generation_json(snapshot.collector)}});
    for (const ReportTypeHistory& row : history.types)
      json["types"].push_back({name(row.type), row.objects, row.bytes});
    return json;
  }

  Json finding(const ReportFinding& finding, bool with_picture) {
    Json json = {{"rule", finding.rule},
                 {"severity", finding.severity},
                 {"fingerprint", finding.fingerprint},
                 {"summary", text(finding.summary)},
                 {"instances", finding.instances},
                 {"objects", finding.objects},
                 {"held", finding.held_objects},
                 {"bytes", finding.bytes},
                 {"retained", finding.retained_bytes},
                 {"cycle", edges(finding.cycle, false)},
                 {"path", edges(finding.path, false)},
                 {"edges", edges(finding.edges, true)},
                 {"ring", finding.ring},
                 {"nodes", Json::array()},
                 {"members", Json::array()},
                 {"holders", holders(finding.holders)},
                 {"born", stack(finding.born)},
                 {"births", births(finding.births)},
                 {"evidence", Json::array()}};
    for (const ReportNode& row : finding.nodes) json["nodes"].push_back(node(row));
    for (const ReportMember& member : finding.members) json["members"].push_back({name(member.type), member.count});
    for (const std::string& evidence : finding.evidence) json["evidence"].push_back(text(evidence));
    if (finding.account) json["account"] = account(*finding.account);
    if (!finding.subject.empty()) json["subject"] = name(finding.subject);
    if (!finding.acquires.empty()) json["acquires"] = acquires(finding.acquires);
    if (finding.balance)
      json["balance"] = {{"objects", finding.balance->objects}, {"top", balance_node(finding.balance->top)}};
    if (!finding.counts.empty()) json["counts"] = finding.counts;
    if (finding.advice) json["advice"] = advice(*finding.advice);
    if (finding.growth) json["growth"] = growth(*finding.growth);
    if (!finding.suppressed_by.empty()) json["suppressed_by"] = text(finding.suppressed_by);
    if (with_picture) json["picture"] = svg_of_finding(graphviz_, finding, false).svg;
    return json;
  }

  Json sizes(const std::vector<ReportSize>& rows) {
    Json json = Json::array();
    for (const ReportSize& row : rows) json.push_back({name(row.name), row.count, row.bytes, row.retained_bytes});
    return json;
  }

  // The page shows a tenth of the call stacks that other formats have; the others become one row.
  static std::vector<ReportBirth> most_births(std::vector<ReportBirth> rows) {
    constexpr size_t kMost = 200;
    if (rows.size() <= kMost) return rows;
    ReportBirth rest;
    for (size_t i = kMost; i < rows.size(); i++) {
      rest.count += rows[i].count;
      rest.bytes += rows[i].bytes;
      rest.retained_bytes += rows[i].retained_bytes;
    }
    rows.resize(kMost);
    rows.push_back(std::move(rest));
    return rows;
  }

  Json overview(const ReportOverview& overview) {
    Json json = {{"types", sizes(overview.types)},
                 {"libraries", sizes(overview.libraries)},
                 {"births", births(most_births(overview.births))},
                 {"tree", Json::array()},
                 {"map", svg_of_dot(graphviz_, {dot_of_type_map(overview, 90), dot_of_type_map(overview, 30)}).svg}};
    for (const ReportBranch& branch : overview.tree)
      json["tree"].push_back({branch.parent == ReportBranch::kTop ? -1 : static_cast<int64_t>(branch.parent),
                              name(branch.type), branch.count, branch.bytes, branch.retained_bytes});
    return json;
  }

  const Report& report_;
  Graphviz graphviz_;
  Json short_names_ = Json::object(), frames_ = Json::array(), stacks_ = Json::array();
  std::map<std::string, uint32_t> frame_ids_;
  std::map<std::vector<uint32_t>, uint32_t> stack_ids_;
};

}  // namespace

std::string page_data(const Report& report) { return PageData(report).run(); }

}  // namespace reftally
