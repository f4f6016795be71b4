#include "analyzer/findings/evidence_graph.h"

namespace reftally {

EvidenceGraph::EvidenceGraph(const Heap& heap, const Accounts& accounts, const ObjectSet& members)
    : heap_(heap), accounts_(accounts) {
  graph_ = make_subgraph(heap, members, [&](uint64_t row) { return can_own(heap, row); });
  components_ = find_components(graph_.edges, graph_.target);
  group_members();
  find_cycles();
  condense();
  find_retained();
}

void EvidenceGraph::group_members() {
  std::vector<uint64_t>& offsets = members_.offsets;
  offsets.assign(components_.count + 1, 0);
  for (uint32_t component : components_.component) offsets[component + 1]++;
  for (uint32_t i = 0; i < components_.count; i++) offsets[i + 1] += offsets[i];
  member_.resize(graph_.size());
  std::vector<uint64_t> next(offsets.begin(), offsets.end() - 1);
  for (uint32_t vertex = 0; vertex < graph_.size(); vertex++) member_[next[components_.component[vertex]]++] = vertex;
}

void EvidenceGraph::find_cycles() {
  cyclic_.assign(components_.count, 0);
  std::vector<uint8_t> counted(components_.count, 0);
  for (uint32_t vertex = 0; vertex < graph_.size(); vertex++) {
    const uint32_t component = components_.component[vertex];
    counted[component] |= heap_.is_counted(graph_.objects[vertex]);
    if (members_.end(component) - members_.begin(component) > 1) cyclic_[component] = 1;
    for (uint32_t to : graph_.edges.slice(graph_.target, vertex)) cyclic_[component] |= to == vertex;
  }
  for (uint32_t i = 0; i < components_.count; i++) cyclic_[i] &= counted[i];
}

void EvidenceGraph::condense() {
  referred_.assign(components_.count, 0);
  for (uint32_t component = 0; component < components_.count; component++) {
    for (uint32_t vertex : members_.slice(member_, component)) {
      for (uint32_t to : graph_.edges.slice(graph_.target, vertex)) {
        if (components_.component[to] == component) continue;
        condensed_target_.push_back(components_.component[to]);
        referred_[components_.component[to]] = 1;
      }
    }
    condensed_.offsets.push_back(condensed_target_.size());
  }
}

int64_t EvidenceGraph::lost_references(uint32_t component) const {
  if (members_.end(component) - members_.begin(component) != 1) return 0;
  const ObjectId object = graph_.objects[member_[members_.begin(component)]];
  if (!heap_.is_counted(object)) return 0;
  return accounts_.remainder[index(object)] - accounts_.ambiguous[index(object)];
}

void EvidenceGraph::find_retained() {
  starts_.assign(components_.count, 0);
  std::vector<uint32_t> entries;
  // Referrers have the higher numbers: from the top down, so that a finding's own subtree is entered at its head.
  for (uint32_t component = components_.count; component-- > 0;) {
    starts_[component] = is_cycle(component) || !has_referrer(component) || lost_references(component) > 0;
    if (starts_[component]) entries.push_back(component);
  }
  std::vector<uint64_t> bytes(components_.count, 0), objects(components_.count, 0);
  for (uint32_t vertex = 0; vertex < graph_.size(); vertex++) {
    bytes[components_.component[vertex]] += heap_.size[index(graph_.objects[vertex])];
    objects[components_.component[vertex]]++;
  }
  const Dominators dominators = find_dominators(condensed_, condensed_target_, entries);
  retained_bytes_ = retained_weights(dominators, bytes);
  retained_objects_ = retained_weights(dominators, objects);
}

std::vector<ObjectId> EvidenceGraph::objects_of(uint32_t component) const {
  std::vector<ObjectId> objects;
  for (uint32_t vertex : members_.slice(member_, component)) objects.push_back(graph_.objects[vertex]);
  return objects;
}

}  // namespace reftally
