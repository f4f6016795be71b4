// self-capture: an object's own std::function (or a shared_ptr to one) keeps the object.
#include "analyzer/lint/cycle_finding.h"

namespace reftally::lint {
namespace {

const CycleEdge* capture_of(const ProvedCycle& cycle) {
  for (const CycleEdge& edge : cycle.edges)
    if (edge.site && !edge.site->capture.empty()) return &edge;
  return nullptr;
}

}  // namespace

void find_self_captures(const LintContext& context, std::vector<LintFinding>& out) {
  for (const ProvedCycle& cycle : context.cycles) {
    const CycleEdge* capture = capture_of(cycle);
    if (cycle.objects != 1 || !capture) continue;
    const std::string what = capture->site->is_bind ? "bind" : "lambda";
    const std::string name = "'" + capture->site->capture + "'";
    std::string message = capture->field == "*"
                              ? "a " + what + " captures " + name + ", the shared_ptr it is stored behind"
                              : context.program.field_name(capture->field) + " owns a " + what + " that captures " +
                                    name + ", a strong reference to the same " + cycle.edges.front().from;
    out.push_back(cycle_finding(context, cycle, message));
  }
}

}  // namespace reftally::lint
