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
  explicit LiveRetained(const RuleInput& input)
      : dominators_(find_owned_dominators(input.heap, input.accounts, input.reachable.ownership)),
        bytes_(retained_weights(dominators_, input.heap.size)),
        objects_(retained_weights(dominators_, std::vector<uint64_t>(input.heap.object_count(), 1))) {}

  void measure(Finding& finding) {
    enum : uint8_t { kOutside, kMember, kBelow };
    std::vector<uint8_t> place(bytes_.size(), kOutside);
    for (const std::vector<ObjectId>& objects : finding.instances) place[index(objects.front())] = kMember;
    finding.retained_bytes = finding.held_objects = 0;
    for (size_t i = 1; i < dominators_.preorder.size(); i++) {
      const uint32_t object = dominators_.preorder[i];
      const uint32_t above = dominators_.immediate[object];
      if (above < Dominators::kRoot && place[above] != kOutside) {
        place[object] = kBelow;
      } else if (place[object] == kMember) {
        finding.retained_bytes += bytes_[object];
        finding.held_objects += objects_[object];
      }
    }
    finding.held_objects -= std::min(finding.held_objects, finding.objects);
  }

 private:
  Dominators dominators_;
  std::vector<uint64_t> bytes_, objects_;  // by object
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
