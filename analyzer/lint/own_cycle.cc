// own-cycle: two or more objects that own each other.
#include "analyzer/lint/cycle_finding.h"

namespace reftally::lint {

void find_own_cycles(const LintContext& context, std::vector<LintFinding>& out) {
  for (const ProvedCycle& cycle : context.cycles) {
    if (cycle.objects < 2) continue;
    std::string chain = cycle.edges.front().from;
    for (const CycleEdge& edge : cycle.edges)
      if (edge.hold != Hold::kValue) chain += " -> " + edge.to;
    out.push_back(cycle_finding(context, cycle, "ownership cycle " + chain + " is closed in " + cycle.function + "()"));
  }
}

}  // namespace reftally::lint
