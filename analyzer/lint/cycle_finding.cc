#include "analyzer/lint/cycle_finding.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace reftally::lint {
namespace {

constexpr size_t kShownBreaks = 3;

// Names that point back. They only choose between the edges of a cycle that is already proved.
constexpr std::array kBackNames = {"parent", "owner", "session", "delegate", "prev", "manager",  "server",
                                   "outer",  "host",  "back",    "context",  "root", "listener", "observer"};

bool points_back(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  return std::any_of(kBackNames.begin(), kBackNames.end(),
                     [&](const char* hint) { return name.find(hint) != std::string::npos; });
}

bool is_capture(const CycleEdge& edge) { return edge.site && !edge.site->capture.empty(); }

void add_edge_notes(const LintContext& context, const CycleEdge& edge, LintFinding& finding) {
  finding.notes.push_back({edge.declared, edge_text(context, edge), true});
  if (!edge.site) return;
  if (is_capture(edge) && edge.site->closure.line && edge.field != "*") {
    const std::string what = edge.site->is_bind ? "bind" : "lambda";
    finding.notes.push_back({edge.site->closure, "the " + what + " that keeps '" + edge.site->capture + "'", true});
  }
  if (edge.site->location.line != edge.site->closure.line || edge.site->location.file != edge.site->closure.file)
    finding.notes.push_back({edge.site->location, "stored here, in " + edge.site->function + "()", true});
}

// The function to name: one that surely empties the member before one that may, the cycle's own before others'.
std::string likeliest_break(const ProvedCycle& cycle) {
  const Break* best = nullptr;
  auto order = [](const Break& each) { return std::make_pair(each.escapes, !each.by_member); };
  for (const auto& edge_breaks : cycle.breaks)
    for (const Break& each : edge_breaks)
      if (!each.only_destructor && (!best || order(each) < order(*best))) best = &each;
  return best ? best->function : "";
}

void add_break_notes(const LintContext& context, const ProvedCycle& cycle, LintFinding& finding) {
  for (size_t i = 0; i < cycle.edges.size(); ++i) {
    const std::string field = context.program.field_name(cycle.edges[i].field);
    size_t shown = 0;
    for (const Break& each : cycle.breaks[i]) {
      if (++shown > kShownBreaks) break;
      std::string text = field + (each.escapes ? " may be emptied elsewhere: " : " is emptied: ") + each.how + ", in " +
                         each.function + "()";
      if (each.only_destructor) text += ", which only the destructor reaches: this cycle keeps it from running";
      finding.notes.push_back({each.location, text});
    }
  }
}

}  // namespace

std::string edge_text(const LintContext& context, const CycleEdge& edge) {
  if (edge.field == "*") return "the closure behind '" + edge.site->capture + "' captures '" + edge.site->capture + "'";
  const std::string field = context.program.field_name(edge.field);
  if (edge.hold == Hold::kValue) return field + " lies inside " + edge.from;
  const std::string verb = edge.hold == Hold::kUnique ? " owns " : " holds ";
  return field + verb + edge.to + (is_capture(edge) ? " through the captured '" + edge.site->capture + "'" : "");
}

size_t edge_to_weaken(const LintContext& context, const ProvedCycle& cycle) {
  auto score = [&](const CycleEdge& edge) {
    int result = 0;
    if (edge.hold == Hold::kValue || edge.hold == Hold::kUnique) return -10;
    const FieldRef field = context.program.field(edge.field);
    const bool many = field && !field.field->edges.empty() && field.field->edges.front().many;
    if (field && !many && points_back(field.field->name)) result += 4;
    if (is_capture(edge)) result += 3;
    if (edge.site && edge.site->location.line == cycle.closed_at.line &&
        edge.site->location.file == cycle.closed_at.file)
      result += 3;
    if (field && !many && edge.is_target_held_elsewhere) result += 4;
    if (edge.is_only_holder) result -= 6;
    if (field && !many) result += 1;
    if (many) result -= 1;  // who holds many is the owner; who points back holds one
    return result;
  };
  size_t best = 0;
  for (size_t i = 1; i < cycle.edges.size(); ++i)
    if (score(cycle.edges[i]) > score(cycle.edges[best])) best = i;
  return best;
}

LintFinding cycle_finding(const LintContext& context, const ProvedCycle& cycle, const std::string& message) {
  LintFinding finding;
  const CycleEdge& weaken = cycle.edges[edge_to_weaken(context, cycle)];
  finding.location = is_capture(weaken) && weaken.site->closure.line ? weaken.site->closure : weaken.declared;
  finding.weaken =
      is_capture(weaken) ? "the captured '" + weaken.site->capture + "'" : context.program.field_name(weaken.field);
  if (const FieldRef field = context.program.field(weaken.field); field && !is_capture(weaken))
    finding.weaken_type = field.field->type;
  for (const CycleEdge& edge : cycle.edges) finding.edges.push_back(edge.field);
  finding.function = cycle.function;
  finding.identity = cycle.id;
  finding.message = message;
  if (cycle.is_broken()) {
    finding.severity = LintSeverity::kNote;
    finding.rank = 30;
    finding.message += "; freed only if " + likeliest_break(cycle) + "() is reached";
  } else {
    finding.severity = LintSeverity::kWarning;
    finding.rank = 90;
    finding.message += "; nothing seen breaks it";
  }
  for (const CycleEdge& edge : cycle.edges) finding.rank -= edge.is_const_target ? 10 : 0;
  finding.rank -= static_cast<int>(2 * std::min<size_t>(cycle.edges.size(), 5));
  for (const CycleEdge& edge : cycle.edges) add_edge_notes(context, edge, finding);
  add_break_notes(context, cycle, finding);
  return finding;
}

}  // namespace reftally::lint
