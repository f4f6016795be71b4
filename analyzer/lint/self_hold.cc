// self-hold: `self_ = shared_from_this()`. Often meant ("alive until done"), so what matters is whether it is emptied.
#include "analyzer/lint/cycle_finding.h"

namespace reftally::lint {

void find_self_holds(const LintContext& context, std::vector<LintFinding>& out) {
  for (const ProvedCycle& cycle : context.cycles) {
    if (cycle.objects != 1) continue;
    bool captured = false;
    for (const CycleEdge& edge : cycle.edges) captured |= edge.site && !edge.site->capture.empty();
    if (captured) continue;
    LintFinding finding = cycle_finding(context, cycle,
                                        context.program.field_name(cycle.edges.back().field) + " holds the " +
                                            cycle.edges.front().from + " it is a member of");
    if (finding.severity == LintSeverity::kNote) finding.rank -= 10;
    out.push_back(std::move(finding));
  }
}

}  // namespace reftally::lint
