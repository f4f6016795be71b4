// leaked-reference and unreachable-block: what is dead, on no cycle, and not held by anything else that is dead.
#include <fmt/format.h>

#include <map>

#include "analyzer/findings/rules.h"

namespace reftally {
namespace {

// Fewer blocks of a runtime's own allocator may have been lost once and for all: cffi loses one for each constant that
// is no number, and says so in its source.
constexpr size_t kManyOfRuntime = 100;

// What was born of one call stack is one leak, whatever its sizes; without a stack, what is of one type.
std::vector<std::vector<uint32_t>> group_by_birth(const RuleInput& input, const std::vector<uint32_t>& components) {
  std::map<std::pair<StackId, TypeId>, std::vector<uint32_t>> groups;
  for (uint32_t component : components) {
    const uint32_t object = index(input.unreachable.representative(component));
    const StackId stack = input.heap.birth_stack[object];
    groups[{stack, stack == StackId{} ? input.heap.type[object] : TypeId{}}].push_back(component);
  }
  std::vector<std::vector<uint32_t>> result;
  for (auto& [key, group] : groups) result.push_back(std::move(group));
  return result;
}

// A block among a runtime's objects is what its own allocator gave to C code.
const char* evidence_of(const RuleInput& input, ObjectId object) {
  if (!is_declared(input.heap, object)) return "no word of any root or live block leads to it";
  return "PyMem_Malloc gave it, or what allocates for its caller (PyArg_Parse with \"es\", "
         "PyUnicode_AsWideCharString), and no word of memory has its address: PyMem_Free was not called";
}

template <class Wanted>
void find_leaks(const RuleInput& input, const Rule& rule, std::vector<Finding>& findings, Wanted wanted) {
  const EvidenceGraph& graph = input.unreachable;
  std::vector<uint32_t> components;
  for (uint32_t component = 0; component < graph.component_count(); component++)
    if (!graph.is_cycle(component) && wanted(component)) components.push_back(component);
  for (const std::vector<uint32_t>& group : group_by_birth(input, components)) {
    Finding finding;
    finding.rule = rule.name;
    finding.severity = rule.severity;
    add_instances(input, graph, group, finding);
    finding.subject = graph.representative(group.front());
    if (input.heap.is_counted(*finding.subject)) {
      Account& account = finding.account = account_of(input, *finding.subject);
      account.sentence =
          fmt::format("strong count {} = {} from the heap + {} from roots + {} that nobody holds", account.strong_count,
                      account.heap_references, account.root_references, account.remainder);
    }
    if (is_declared(input.heap, *finding.subject) && group.size() < kManyOfRuntime) finding.severity = Severity::kNote;
    finding.evidence.push_back(evidence_of(input, *finding.subject));
    findings.push_back(std::move(finding));
  }
}

}  // namespace

void find_leaked_references(const RuleInput& input, std::vector<Finding>& findings) {
  find_leaks(input, rule_named("leaked-reference"), findings, [&](uint32_t component) {
    return input.unreachable.lost_references(component) > 0 &&
           !is_declared(input.heap, input.unreachable.representative(component));
  });
  find_unheld_counts(input, findings);
}

void find_unreachable_blocks(const RuleInput& input, std::vector<Finding>& findings) {
  find_leaks(input, rule_named("unreachable-block"), findings, [&](uint32_t component) {
    const ObjectId object = input.unreachable.representative(component);
    return !input.unreachable.has_referrer(component) && input.unreachable.lost_references(component) <= 0 &&
           !(is_declared(input.heap, object) && input.heap.is_counted(object));
  });
}

}  // namespace reftally
