// own-cycle, in four tiers: proved and nothing breaks it (warning); proved and broken by hand (note); types allow it
// and an object was seen to hand itself on to the closing member (note); types allow it (only with --pedantic).
#include <set>

#include "analyzer/lint/cycle_finding.h"

namespace reftally::lint {
namespace {

void find_proved(const LintContext& context, std::vector<LintFinding>& out) {
  for (const ProvedCycle& cycle : context.cycles) {
    if (cycle.objects < 2) continue;
    std::string chain = cycle.edges.front().from;
    for (const CycleEdge& edge : cycle.edges)
      if (edge.hold != Hold::kValue) chain += " -> " + edge.to;
    out.push_back(cycle_finding(context, cycle, "ownership cycle " + chain + " is closed in " + cycle.function + "()"));
  }
}

void add_steps(const LintContext& context, const std::vector<OwnershipStep>& way, LintFinding& finding) {
  for (const OwnershipStep& step : way) {
    const FieldRef field = context.program.field(step.field);
    if (!field) continue;
    const std::string verb = step.hold == Hold::kValue ? " lies inside it" : " may own the next";
    finding.notes.push_back({{field.record->location.file, field.field->line, field.field->column},
                             context.program.field_name(step.field) + verb,
                             true});
  }
}

// An object stores itself in a member of another object, whose class its own class may own.
void find_likely(const LintContext& context, std::vector<LintFinding>& out) {
  std::set<Key> told;
  for (const ProvedCycle& cycle : context.cycles)
    for (const CycleEdge& edge : cycle.edges) told.insert(edge.field);
  for (const ObjectGraph& graph : context.graphs.graphs()) {
    for (const ObjectEdge& edge : graph.edges) {
      if (edge.site == 0 || graph.objects[edge.to].kind != ObjectKind::kThis || edge.from == edge.to) continue;
      const FieldRef closing = context.program.field(edge.field);
      if (!closing || told.count(edge.field)) continue;
      const Key& self = graph.objects[edge.to].id;
      const std::vector<OwnershipStep> way = context.types.way(self, closing.record->key);
      if (way.empty()) continue;
      told.insert(edge.field);
      LintFinding finding;
      finding.severity = LintSeverity::kNote;
      finding.rank = std::max(1, 22 - 2 * static_cast<int>(way.size()));
      finding.location = {closing.record->location.file, closing.field->line, closing.field->column};
      finding.weaken = context.program.field_name(edge.field);
      finding.message = context.program.class_name(self) + " may own itself: " + graph.function->name +
                        "() stores it in " + finding.weaken + ", which by type it may own";
      finding.identity = "likely " + finding.weaken;
      finding.notes.push_back({graph.sites[edge.site].location, "stored here", true});
      add_steps(context, way, finding);
      out.push_back(std::move(finding));
    }
  }
}

void find_by_type(const LintContext& context, std::vector<LintFinding>& out) {
  for (const std::vector<const RecordFact*>& component : context.types.cyclic_components()) {
    const std::vector<OwnershipStep> way = context.types.cycle_of(*component.front());
    LintFinding finding;
    finding.severity = LintSeverity::kNote;
    finding.rank = 5;
    finding.location = component.front()->location;
    finding.message =
        "types allow " + component.front()->name + " to own itself" +
        (component.size() == 1 ? "" : ", as they do " + std::to_string(component.size() - 1) + " other classes");
    finding.identity = "type " + component.front()->name;
    add_steps(context, way, finding);
    out.push_back(std::move(finding));
  }
}

}  // namespace

void find_own_cycles(const LintContext& context, std::vector<LintFinding>& out) {
  find_proved(context, out);
  find_likely(context, out);
  if (context.pedantic) find_by_type(context, out);
}

}  // namespace reftally::lint
