// leaked-reference and unreachable-block: what is dead, not part of a cycle, and not held by anything else that is
// dead.
#include <fmt/format.h>

#include "analyzer/findings/rules.h"

namespace reftally {
namespace {

Finding finding_for(const RuleInput& input, const Rule& rule, const std::vector<uint32_t>& components) {
  Finding finding;
  finding.rule = rule.name;
  finding.severity = rule.severity;
  add_totals(input, input.unreachable, components, finding);
  finding.subject = finding.instances.front().front();
  if (input.heap.is_counted(*finding.subject)) finding.account = account_of(input, *finding.subject);
  return finding;
}

}  // namespace

void find_leaked_references(const RuleInput& input, std::vector<Finding>& findings) {
  std::vector<uint32_t> components;
  for (uint32_t component = 0; component < input.unreachable.component_count(); component++)
    if (!input.unreachable.is_cycle(component) && input.unreachable.lost_references(component) > 0)
      components.push_back(component);
  for (const std::vector<uint32_t>& group : group_by_birth(input, input.unreachable, components)) {
    Finding finding = finding_for(input, rule_named("leaked-reference"), group);
    const Account& account = finding.account;
    finding.evidence.push_back(fmt::format("strong count {} = {} from the heap + {} from roots + {} that nobody holds",
                                           account.strong_count, account.heap_references, account.root_references,
                                           account.remainder));
    finding.evidence.push_back("no word of any root or live block leads to it");
    findings.push_back(std::move(finding));
  }
}

void find_unreachable_blocks(const RuleInput& input, std::vector<Finding>& findings) {
  const EvidenceGraph& graph = input.unreachable;
  std::vector<uint32_t> components;
  for (uint32_t component = 0; component < graph.component_count(); component++)
    if (!graph.is_cycle(component) && !graph.has_referrer(component) && graph.lost_references(component) <= 0)
      components.push_back(component);
  for (const std::vector<uint32_t>& group : group_by_birth(input, graph, components)) {
    Finding finding = finding_for(input, rule_named("unreachable-block"), group);
    finding.evidence.push_back("no word of any root or live block leads to it");
    findings.push_back(std::move(finding));
  }
}

}  // namespace reftally
