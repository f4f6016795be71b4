// unreachable-cycle and unowned-cycle. The shape of a component is the set of its (type, member, type) triples: equal
// for instances of one bug whatever their number of children. Its example is its shortest cycle through a counted
// object.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "analyzer/findings/advice.h"
#include "analyzer/findings/rules.h"

namespace reftally {
namespace {

constexpr size_t kStartsTried = 64;           // members of a component from which a shortest cycle is searched
constexpr uint64_t kCycleBudget = 1'000'000;  // edges visited by each search

using Triple = std::array<uint32_t, 3>;  // type, label, type
using Shape = std::vector<Triple>;

bool is_inside(const EvidenceGraph& graph, uint32_t component, uint32_t vertex) {
  return graph.components().component[vertex] == component;
}

Shape shape_of(const Heap& heap, const EvidenceGraph& graph, uint32_t component, const std::vector<ObjectId>& objects) {
  Shape shape;
  for (ObjectId object : objects) {
    const uint32_t vertex = graph.graph().vertex_of[index(object)];
    for (uint64_t edge = graph.graph().edges.begin(vertex); edge < graph.graph().edges.end(vertex); edge++) {
      if (!is_inside(graph, component, graph.graph().target[edge])) continue;
      const uint64_t row = graph.graph().reference[edge];
      shape.push_back(
          {index(heap.type[index(object)]), index(heap.label[row]), index(heap.type[index(heap.referent[row])])});
    }
  }
  std::sort(shape.begin(), shape.end());
  shape.erase(std::unique(shape.begin(), shape.end()), shape.end());
  return shape;
}

std::string step_text(const Heap& heap, ObjectId from, uint64_t row) {
  const HeapLabel& label = heap.labels[index(heap.label[row])];
  return fmt::format("{}|{}|{}", heap.type_name(from), heap.text(label.owner), heap.text(label.path));
}

// Rotated so that the sequence of (type, member) texts is the least of all rotations that start at a counted object.
std::vector<PathStep> least_rotation(const Heap& heap, const std::vector<PathStep>& cycle) {
  std::vector<std::string> texts;
  for (const PathStep& step : cycle) texts.push_back(step_text(heap, step.from, step.reference));
  const size_t size = cycle.size();
  auto before = [&](size_t a, size_t b) {
    const bool counted_a = heap.is_counted(cycle[a].from), counted_b = heap.is_counted(cycle[b].from);
    if (counted_a != counted_b) return counted_a;
    for (size_t i = 0; i < size; i++)
      if (int order = texts[(a + i) % size].compare(texts[(b + i) % size]); order != 0) return order < 0;
    return false;
  };
  size_t least = 0;
  for (size_t i = 1; i < size; i++)
    if (before(i, least)) least = i;
  std::vector<PathStep> rotated;
  for (size_t i = 0; i < size; i++) rotated.push_back(cycle[(least + i) % size]);
  return rotated;
}

std::vector<PathStep> example_cycle(const Heap& heap, const EvidenceGraph& graph,
                                    const std::vector<ObjectId>& objects) {
  std::vector<uint64_t> best;
  size_t tried = 0;
  for (ObjectId object : objects) {
    if (!heap.is_counted(object)) continue;
    if (tried++ == kStartsTried) break;
    std::vector<uint64_t> cycle =
        shortest_cycle(graph.graph(), graph.components(), graph.graph().vertex_of[index(object)], kCycleBudget);
    if (!cycle.empty() && (best.empty() || cycle.size() < best.size())) best = std::move(cycle);
  }
  std::vector<PathStep> steps;
  for (size_t i = 0; i < best.size(); i++) {
    const ObjectId from = heap.referent[best[(i + best.size() - 1) % best.size()]];
    steps.push_back({from, best[i]});
  }
  return least_rotation(heap, steps);
}

void add_evidence(const RuleInput& input, Finding& finding) {
  int64_t lost = 0;
  bool by_counts = false;
  for (const std::vector<ObjectId>& objects : finding.instances)
    for (ObjectId object : objects)
      if (input.heap.is_counted(object))
        lost += std::max<int64_t>(0, input.accounts.remainder[index(object)] - input.accounts.ambiguous[index(object)]);
  for (const PathStep& step : finding.cycle) by_counts |= input.heap.certainty[step.reference] != Certainty::kExact;
  const Account& account = finding.account;
  if (finding.subject)
    finding.evidence.push_back(fmt::format("{} has strong count {} = {} from the heap + {} from roots + {} unexplained",
                                           input.heap.type_name(*finding.subject), account.strong_count,
                                           account.heap_references, account.root_references, account.remainder));
  if (by_counts) finding.evidence.push_back("without types for some members: those references are told by counts");
  if (lost > 0)
    finding.evidence.push_back(fmt::format(
        "its objects also have {} references that nobody holds: breaking the cycle will not free those", lost));
}

Finding make_finding(const RuleInput& input, const EvidenceGraph& graph, const Rule& rule,
                     const std::vector<uint32_t>& components) {
  Finding finding;
  finding.rule = rule.name;
  finding.severity = rule.severity;
  add_totals(input, graph, components, finding);
  auto smallest = std::min_element(finding.instances.begin(), finding.instances.end(),
                                   [](const auto& a, const auto& b) { return a.size() < b.size(); });
  std::iter_swap(finding.instances.begin(), smallest);
  finding.cycle = example_cycle(input.heap, graph, finding.instances.front());
  if (!finding.cycle.empty() && input.heap.is_counted(finding.cycle.front().from)) {
    finding.subject = finding.cycle.front().from;
    finding.account = account_of(input, *finding.subject);
  }
  finding.advice = advise(input.heap, finding);
  add_evidence(input, finding);
  return finding;
}

}  // namespace

void find_cycles(const RuleInput& input, const EvidenceGraph& graph, const Rule& rule, std::vector<Finding>& findings) {
  std::map<Shape, std::vector<uint32_t>> shapes;
  for (uint32_t component = 0; component < graph.component_count(); component++)
    if (graph.is_cycle(component))
      shapes[shape_of(input.heap, graph, component, graph.objects_of(component))].push_back(component);
  for (const auto& [shape, components] : shapes) findings.push_back(make_finding(input, graph, rule, components));
}

void find_unreachable_cycles(const RuleInput& input, std::vector<Finding>& findings) {
  find_cycles(input, input.unreachable, rule_named("unreachable-cycle"), findings);
}

void find_unowned_cycles(const RuleInput& input, std::vector<Finding>& findings) {
  // Something points to these: only when every reference of the cycle is certain and every count explained do we speak.
  std::vector<Finding> candidates;
  find_cycles(input, input.unowned, rule_named("unowned-cycle"), candidates);
  for (Finding& finding : candidates) {
    bool certain = true;
    for (const PathStep& step : finding.cycle)
      certain &= input.heap.kind[step.reference] == ReferenceKind::kStrong &&
                 input.heap.certainty[step.reference] != Certainty::kConservative;
    for (const std::vector<ObjectId>& objects : finding.instances)
      for (ObjectId object : objects)
        certain &= !input.heap.is_counted(object) || input.accounts.remainder[index(object)] == 0;
    if (certain && !finding.cycle.empty()) findings.push_back(std::move(finding));
  }
}

}  // namespace reftally
