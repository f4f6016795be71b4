#include "analyzer/findings/retained.h"

#include <algorithm>
#include <optional>
#include <string_view>

namespace reftally {
namespace {

// Dead and unowned findings: dominator subtrees of their components, those of one finding taken together.
void measure_components(const EvidenceGraph& graph, std::vector<Finding>& findings) {
  std::vector<std::vector<uint32_t>> groups;
  std::vector<Finding*> measured;
  for (Finding& finding : findings) {
    std::vector<uint32_t> group;
    for (const std::vector<ObjectId>& objects : finding.instances)
      if (const uint32_t component = graph.component_of(objects.front()); component != EvidenceGraph::kNoComponent)
        group.push_back(component);
    if (group.empty()) continue;
    groups.push_back(std::move(group));
    measured.push_back(&finding);
  }
  if (groups.empty()) return;
  const std::vector<EvidenceGraph::Retained> retained = graph.retained_by(groups);
  for (size_t i = 0; i < measured.size(); i++) {
    measured[i]->retained_bytes = retained[i].bytes;
    measured[i]->held_objects = retained[i].objects - measured[i]->objects;
  }
}

// Live findings: their objects' subtrees in the dominator tree of the whole heap below its roots. An object below
// another of the same finding is in the other's subtree already.
class LiveRetained {
 public:
  explicit LiveRetained(const RuleInput& input) : heap_(input.heap) {
    graph_ = make_subgraph(heap_, input.reachable.ownership, [&](uint64_t row) { return can_own(heap_, row); });
    std::vector<uint32_t> entries;
    for (const HeapRoot& root : heap_.roots)
      if (const uint32_t vertex = graph_.vertex_of[index(root.to)]; vertex != Subgraph::kNoVertex)
        entries.push_back(vertex);
    for (uint32_t vertex = 0; vertex < graph_.size(); vertex++) {
      const uint32_t object = index(graph_.objects[vertex]);
      if (input.accounts.opaque[object] > 0 || (heap_.flags[object] & dump::kObjectImmortal) != 0)
        entries.push_back(vertex);
    }
    dominators_ = find_dominators(graph_.edges, graph_.target, entries);
    std::vector<uint64_t> bytes(graph_.size()), objects(graph_.size(), 1);
    for (uint32_t vertex = 0; vertex < graph_.size(); vertex++)
      bytes[vertex] = heap_.size[index(graph_.objects[vertex])];
    bytes_ = retained_weights(dominators_, bytes);
    objects_ = retained_weights(dominators_, objects);
  }

  void measure(Finding& finding) {
    enum : uint8_t { kOutside, kMember, kBelow };
    std::vector<uint8_t> place(graph_.size(), kOutside);
    for (const std::vector<ObjectId>& objects : finding.instances)
      if (const uint32_t vertex = graph_.vertex_of[index(objects.front())]; vertex != Subgraph::kNoVertex)
        place[vertex] = kMember;
    finding.retained_bytes = finding.held_objects = 0;
    for (size_t i = 1; i < dominators_.preorder.size(); i++) {
      const uint32_t vertex = dominators_.preorder[i];
      const uint32_t above = dominators_.immediate[vertex];
      if (above < Dominators::kRoot && place[above] != kOutside) {
        place[vertex] = kBelow;
      } else if (place[vertex] == kMember) {
        finding.retained_bytes += bytes_[vertex];
        finding.held_objects += objects_[vertex];
      }
    }
    finding.held_objects -= std::min(finding.held_objects, finding.objects);
  }

 private:
  const Heap& heap_;
  Subgraph graph_;
  Dominators dominators_;
  std::vector<uint64_t> bytes_, objects_;
};

}  // namespace

void measure_retained(const RuleInput& input, std::vector<Finding>& findings) {
  measure_components(input.unreachable, findings);
  measure_components(input.unowned, findings);
  std::optional<LiveRetained> live;  // of the whole heap: only when somebody asks
  for (Finding& finding : findings) {
    const std::string_view rule = finding.rule;
    if (rule != "lingering-object" && (rule != "growing-path" || finding.storage != LabelId{})) continue;
    if (!live) live.emplace(input);
    live->measure(finding);
  }
}

}  // namespace reftally
