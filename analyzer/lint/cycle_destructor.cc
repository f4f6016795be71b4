// cycle-destructor: work in the destructor of a class that a cycle keeps alive (joins a thread, gives a file back, …).
// It is as sure as the cycle is: nothing is said of classes that only types could put on one.
#include <map>

#include "analyzer/lint/lint_rules.h"

namespace reftally::lint {
namespace {

const ProvedCycle* worst_cycle_with(const LintContext& context, const Key& subject) {
  const ProvedCycle* worst = nullptr;
  for (const ProvedCycle& cycle : context.cycles) {
    bool is_member = false;
    for (const CycleEdge& edge : cycle.edges)
      is_member |= !edge.from_class.empty() && context.program.is_derived_from(edge.from_class, subject);
    if (is_member && (!worst || (worst->is_broken() && !cycle.is_broken()))) worst = &cycle;
  }
  return worst;
}

}  // namespace

void find_cycle_destructors(const LintContext& context, std::vector<LintFinding>& out) {
  std::map<Key, std::vector<const SiteFact*>> hazards;
  for (const SiteFact& site : context.program.sites())
    if (site.rule == "destructor-hazard") hazards[site.subject].push_back(&site);
  for (const auto& [subject, sites] : hazards) {
    const ProvedCycle* cycle = worst_cycle_with(context, subject);
    if (!cycle) continue;
    const std::string name = context.program.class_name(subject);
    LintFinding finding;
    finding.severity = cycle->is_broken() ? LintSeverity::kNote : LintSeverity::kWarning;
    finding.rank = cycle->is_broken() ? 15 : 75;
    finding.location = sites.front()->location;
    finding.function = cycle->function;
    finding.identity = name;
    finding.message =
        "the destructor of " + name + " " + sites.front()->message +
        (cycle->is_broken() ? ", but runs only when the cycle through " : ", but never runs while the cycle through ") +
        context.program.field_name(cycle->edges.front().field) +
        (cycle->is_broken() ? " is broken by hand" : " holds it");
    for (size_t i = 1; i < sites.size(); ++i)
      finding.notes.push_back({sites[i]->location, "it also " + sites[i]->message});
    finding.notes.push_back({cycle->closed_at, "the cycle is closed here, in " + cycle->function + "()"});
    out.push_back(std::move(finding));
  }
}

}  // namespace reftally::lint
