// unreachable-cycle and unowned-cycle: one finding for all components that the same cycle stands for.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

#include "analyzer/findings/collected_cycles.h"
#include "analyzer/findings/cycle_search.h"
#include "analyzer/findings/rules.h"

namespace reftally {
namespace {

// The set of (type, member, type) triples inside a component, apart by whether the referrer is counted and the
// reference certain: equal for instances of one bug, whatever their number of children, and cheap to make, so that a
// cycle is searched once a shape and not once a component.
using Shape = std::vector<std::array<uint32_t, 3>>;

struct Cluster {
  std::vector<uint32_t> components;
  std::vector<PathStep> cycle;  // in the first component
};

Shape shape_of(const Heap& heap, const EvidenceGraph& graph, uint32_t component) {
  const Subgraph& edges = graph.graph();
  Shape shape;
  for (uint32_t vertex : graph.vertices_of(component)) {
    const ObjectId from = edges.objects[vertex];
    const uint32_t referrer = index(heap.type[index(from)]) << 1 | uint32_t{heap.is_counted(from)};
    for (uint64_t edge = edges.edges.begin(vertex); edge < edges.edges.end(vertex); edge++) {
      const uint32_t to = edges.target[edge];
      if (graph.components().component[to] != component) continue;
      const uint64_t row = edges.reference[edge];
      const bool certain = heap.kind[row] == ReferenceKind::kStrong && heap.certainty[row] != Certainty::kConservative;
      shape.push_back(
          {referrer << 1 | uint32_t{certain}, index(heap.label[row]), index(heap.type[index(edges.objects[to])])});
    }
  }
  std::sort(shape.begin(), shape.end());
  shape.erase(std::unique(shape.begin(), shape.end()), shape.end());
  return shape;
}

// Of the components of one shape the one that is least stands for them, wherever its objects lie: vertices, references
// inside, of them to the object itself, birth of the eldest.
using Rank = std::tuple<size_t, size_t, size_t, uint32_t>;

Rank rank_of(const Heap& heap, const EvidenceGraph& graph, uint32_t component) {
  constexpr uint32_t kUnborn = 0xffffffff;
  const Subgraph& edges = graph.graph();
  size_t inside = 0, to_itself = 0;
  uint32_t eldest = kUnborn;
  for (uint32_t vertex : graph.vertices_of(component)) {
    if (const uint32_t birth = heap.birth_order[index(edges.objects[vertex])]; birth != 0)
      eldest = std::min(eldest, birth);
    for (uint32_t to : edges.edges.slice(edges.target, vertex)) {
      inside += graph.components().component[to] == component;
      to_itself += to == vertex;
    }
  }
  return {graph.vertices_of(component).size(), inside, to_itself, eldest};
}

void put_least_first(const Heap& heap, const EvidenceGraph& graph, std::vector<uint32_t>& components) {
  auto least = components.begin();
  Rank rank = rank_of(heap, graph, *least);
  for (auto at = least + 1; at != components.end(); ++at) {
    if (graph.vertices_of(*at).size() > std::get<0>(rank)) continue;
    if (Rank other = rank_of(heap, graph, *at); other < rank) {
      rank = other;
      least = at;
    }
  }
  std::iter_swap(components.begin(), least);
}

// Components by shape, the least of each first; then shapes by the cycle that stands for them.
template <class Wanted>
std::vector<Cluster> find_clusters(const Heap& heap, const EvidenceGraph& graph, Wanted wanted) {
  std::map<Shape, std::vector<uint32_t>> shapes;
  for (uint32_t component = 0; component < graph.component_count(); component++)
    if (graph.is_cycle(component) && wanted(component)) shapes[shape_of(heap, graph, component)].push_back(component);
  CycleSearch search(heap, graph);
  std::map<std::string, Cluster> clusters;
  for (auto& [shape, components] : shapes) {
    put_least_first(heap, graph, components);
    std::vector<PathStep> cycle = search.find(components.front());
    Cluster& cluster = clusters[cycle_text(heap, cycle)];
    const bool is_first = cluster.components.empty() ||
                          rank_of(heap, graph, components.front()) < rank_of(heap, graph, cluster.components.front());
    cluster.components.insert(is_first ? cluster.components.begin() : cluster.components.end(), components.begin(),
                              components.end());
    if (is_first) cluster.cycle = std::move(cycle);
  }
  std::vector<Cluster> result;
  for (auto& [text, cluster] : clusters) result.push_back(std::move(cluster));
  return result;
}

// "Session has strong count 3 = 1 reference from the cycle + 1 from other dead objects + 0 from roots + 1 unexplained"
std::string account_sentence(const RuleInput& input, const EvidenceGraph& graph, const Finding& finding) {
  const Heap& heap = input.heap;
  const uint32_t component = graph.component_of(*finding.subject);
  int64_t from_cycle = 0;
  bool by_counts = false;
  for (uint32_t vertex : graph.vertices_of(component)) {
    const uint32_t from = index(graph.graph().objects[vertex]);
    for (uint64_t row = heap.references.begin(from); row < heap.references.end(from); row++) {
      if (heap.referent[row] != *finding.subject || !pays_for_count(heap.kind[row], heap.certainty[row])) continue;
      from_cycle++;
      by_counts |= heap.certainty[row] == Certainty::kCounted;
    }
  }
  const Account& account = finding.account;
  std::string text = fmt::format("strong count {} = {} from the cycle", account.strong_count, from_cycle);
  if (const int64_t others = account.heap_references - from_cycle; others != 0)
    text += fmt::format(" + {} from other objects", others);
  text += fmt::format(" + {} from roots", account.root_references);
  if (account.remainder != 0) text += fmt::format(" + {} unexplained", account.remainder);
  if (by_counts) text += " (told by counts: no type says which members are strong)";
  return text;
}

// References that nobody can be named for, beyond what "strong or weak" words may hold.
int64_t lost_references(const RuleInput& input, const Finding& finding) {
  int64_t lost = 0;
  for (const std::vector<ObjectId>& objects : finding.instances)
    for (ObjectId object : objects)
      if (input.heap.is_counted(object))
        lost += std::max<int64_t>(0, input.accounts.remainder[index(object)] - input.accounts.ambiguous[index(object)]);
  return lost;
}

void add_evidence(const RuleInput& input, const EvidenceGraph& graph, Finding& finding) {
  if (finding.subject) finding.account.sentence = account_sentence(input, graph, finding);
  bool doubtful = false;
  for (const PathStep& step : finding.cycle) {
    const ReferenceKind kind = input.heap.kind[step.reference];
    doubtful |= kind == ReferenceKind::kAmbiguous || input.heap.certainty[step.reference] == Certainty::kConservative;
  }
  if (doubtful)
    finding.evidence.push_back(
        "some references of the cycle are addresses in memory without a type: each may be strong or weak");
  if (const int64_t lost = lost_references(input, finding); lost > 0)
    finding.evidence.push_back(fmt::format(
        "its objects have {} more reference{} that nobody holds: breaking the cycle alone will not free what "
        "has them",
        lost, lost == 1 ? "" : "s"));
}

Finding make_finding(const RuleInput& input, const EvidenceGraph& graph, const Rule& rule, Cluster& cluster) {
  Finding finding;
  finding.rule = rule.name;
  finding.severity = rule.severity;
  add_instances(input, graph, cluster.components, finding);
  finding.cycle = std::move(cluster.cycle);
  for (const PathStep& step : finding.cycle)
    if (!finding.subject && input.heap.is_counted(step.from)) finding.subject = step.from;
  if (finding.subject) finding.account = account_of(input, *finding.subject);
  return finding;
}

bool is_explained(const RuleInput& input, const EvidenceGraph& graph, uint32_t component) {
  for (uint32_t vertex : graph.vertices_of(component)) {
    const ObjectId object = graph.graph().objects[vertex];
    if (input.heap.is_counted(object) && input.accounts.remainder[index(object)] != 0) return false;
  }
  return true;
}

bool is_certain(const Heap& heap, const std::vector<PathStep>& cycle) {
  for (const PathStep& step : cycle)
    if (!pays_for_count(heap.kind[step.reference], heap.certainty[step.reference])) return false;
  return !cycle.empty();
}

}  // namespace

void find_unreachable_cycles_if(const RuleInput& input, const Rule& rule, const CycleFilter& wanted,
                                std::vector<Finding>& findings) {
  auto takes = [&](uint32_t component) { return wanted(input.unreachable.objects_of(component)); };
  for (Cluster& cluster : find_clusters(input.heap, input.unreachable, takes)) {
    Finding finding = make_finding(input, input.unreachable, rule, cluster);
    add_evidence(input, input.unreachable, finding);
    findings.push_back(std::move(finding));
  }
}

void find_unreachable_cycles(const RuleInput& input, std::vector<Finding>& findings) {
  const Rule& rule = rule_named("unreachable-cycle");
  auto with_verdict = [&](CollectorVerdict wanted) {
    return [&input, wanted](const auto& objects) { return collector_verdict(input, objects) == wanted; };
  };
  find_unreachable_cycles_if(input, rule, with_verdict(CollectorVerdict::kNone), findings);
  const size_t first = findings.size();
  find_unreachable_cycles_if(input, rule, with_verdict(CollectorVerdict::kFrees), findings);
  for (size_t i = first; i < findings.size(); i++) {
    findings[i].severity = input.heap.collector_is_off ? Severity::kWarning : Severity::kNote;
    findings[i].evidence.push_back(input.heap.collector_is_off
                                       ? "the cycle collector is off (gc.disable): nothing frees it"
                                       : "the cycle collector frees it when it next looks at its generation");
  }
}

void find_unowned_cycles(const RuleInput& input, std::vector<Finding>& findings) {
  // Something points to these: only when every count is explained and every reference of the cycle certain do we speak.
  auto explained = [&](uint32_t component) { return is_explained(input, input.unowned, component); };
  for (Cluster& cluster : find_clusters(input.heap, input.unowned, explained)) {
    if (!is_certain(input.heap, cluster.cycle)) continue;
    Finding finding = make_finding(input, input.unowned, rule_named("unowned-cycle"), cluster);
    add_evidence(input, input.unowned, finding);
    finding.evidence.push_back("no root owns it; what still points to it does not keep it");
    set_path(input, finding, Follow::kAnything, *finding.subject);
    findings.push_back(std::move(finding));
  }
}

}  // namespace reftally
