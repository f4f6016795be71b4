#include "analyzer/findings/evidence_graph.h"

#include <algorithm>
#include <tuple>
#include <unordered_map>

namespace reftally {
namespace {

// A destroyed object has no owner: its storage stays for weak references, or for whoever is destroying it.
bool keeps_from_going(const Heap& heap, uint64_t reference) {
  return can_own(heap, reference) || heap.strong_count[index(heap.referent[reference])] == 0;
}

// What somebody owns for certain: other pointers there only look on.
ObjectSet owned_for_certain(const Heap& heap) {
  ObjectSet owned(heap.object_count(), 0);
  for (size_t row = 0; row < heap.referent.size(); row++)
    if (heap.kind[row] == ReferenceKind::kStrong && heap.certainty[row] == Certainty::kExact)
      owned[index(heap.referent[row])] = 1;
  return owned;
}

// Turns counts at [row + 1] into offsets.
void accumulate(std::vector<uint64_t>& offsets) {
  for (size_t i = 1; i < offsets.size(); i++) offsets[i] += offsets[i - 1];
}

}  // namespace

EvidenceGraph::EvidenceGraph(const Heap& heap, const Accounts& accounts, const ObjectSet& members)
    : heap_(heap), accounts_(accounts) {
  const ObjectSet owned = owned_for_certain(heap);
  graph_ = make_subgraph(heap, members, [&](uint64_t row) {
    const bool looks_on = heap.kind[row] == ReferenceKind::kRaw && owned[index(heap.referent[row])];
    return keeps_from_going(heap, row) && !looks_on;
  });
  components_ = find_components(graph_.edges, graph_.target);
  group_members();
  cyclic_ = find_cyclic(true);
  condense();
  drop_uncertain_cycles();
}

void EvidenceGraph::group_members() {
  std::vector<uint64_t>& offsets = members_.offsets;
  offsets.assign(components_.count + 1, 0);
  for (uint32_t component : components_.component) offsets[component + 1]++;
  accumulate(offsets);
  member_.resize(graph_.size());
  std::vector<uint64_t> next(offsets.begin(), offsets.end() - 1);
  for (uint32_t vertex = 0; vertex < graph_.size(); vertex++) member_[next[components_.component[vertex]]++] = vertex;
}

// By component: whether a counted object in it leads back to itself through references that can own; components that
// only weak references to destroyed objects close are no cycles.
std::vector<uint8_t> EvidenceGraph::find_cyclic(bool with_ambiguous) const {
  std::vector<uint8_t> cyclic(components_.count, 0);
  CsrOffsets edges;
  std::vector<uint32_t> target;
  std::vector<uint8_t> to_itself(graph_.size(), 0);
  for (uint32_t vertex = 0; vertex < graph_.size(); vertex++) {
    for (uint64_t edge = graph_.edges.begin(vertex); edge < graph_.edges.end(vertex); edge++) {
      const uint64_t row = graph_.reference[edge];
      if (!can_own(heap_, row) || (!with_ambiguous && heap_.kind[row] == ReferenceKind::kAmbiguous)) continue;
      target.push_back(graph_.target[edge]);
      to_itself[vertex] |= graph_.target[edge] == vertex;
    }
    edges.offsets.push_back(target.size());
  }
  const bool same = target.size() == graph_.target.size();
  const Components owning = same ? components_ : find_components(edges, target);
  std::vector<uint32_t> size(owning.count, 0);
  for (uint32_t component : owning.component) size[component]++;
  for (uint32_t vertex = 0; vertex < graph_.size(); vertex++)
    if ((size[owning.component[vertex]] > 1 || to_itself[vertex]) &&
        heap_.strong_count[index(graph_.objects[vertex])] > 0)
      cyclic[components_.component[vertex]] = 1;
  return cyclic;
}

// Where only "strong or weak" words close a cycle, a weak one may: a child's word back to its parent, or an object's to
// itself (std::enable_shared_from_this). If something else that is dead may hold such objects, that is the finding, and
// they are held by it, unless their counts show that they hold each other.
void EvidenceGraph::drop_uncertain_cycles() {
  const auto is_ambiguous = [&](uint64_t row) { return heap_.kind[row] == ReferenceKind::kAmbiguous; };
  if (std::none_of(graph_.reference.begin(), graph_.reference.end(), is_ambiguous)) return;
  in_degree_.assign(graph_.size(), 0);
  for (size_t edge = 0; edge < graph_.target.size(); edge++)
    in_degree_[graph_.target[edge]] += can_own(heap_, graph_.reference[edge]);
  const std::vector<uint8_t> certain = find_cyclic(false);
  for (uint32_t component = 0; component < components_.count; component++)
    if (cyclic_[component] && !certain[component] && referred_[component]) cyclic_[component] = holds_itself(component);
}

// Whether some members cannot do without each other, however the "strong or weak" words are taken: the greatest set
// whose counted objects each have more units in words for certain than all words outside the set can be, and whose
// blocks nothing outside points to. Each is held from inside, so going from holder to holder never leaves the set.
bool EvidenceGraph::holds_itself(uint32_t component) const {
  const std::span<const uint32_t> vertices = vertices_of(component);
  std::unordered_map<uint32_t, int64_t> certain;  // of the set: units that words inside must hold
  for (uint32_t vertex : vertices) certain.emplace(vertex, -spare_words(vertex));
  auto for_each_holder = [&](uint32_t vertex, auto visit) {
    for (uint64_t edge = graph_.edges.begin(vertex); edge < graph_.edges.end(vertex); edge++)
      if (may_pay(graph_.reference[edge])) visit(graph_.target[edge]);
  };
  for (uint32_t vertex : vertices)
    for_each_holder(vertex, [&](uint32_t to) {
      if (auto found = certain.find(to); found != certain.end()) found->second++;
    });
  std::vector<uint32_t> leaving;
  for (const auto& [vertex, units] : certain)
    if (units <= 0) leaving.push_back(vertex);
  for (uint32_t vertex : leaving) certain.erase(vertex);
  while (!leaving.empty()) {
    const uint32_t vertex = leaving.back();
    leaving.pop_back();
    for_each_holder(vertex, [&](uint32_t to) {
      auto found = certain.find(to);
      if (found == certain.end() || --found->second > 0) return;
      certain.erase(found);
      leaving.push_back(to);
    });
  }
  return !certain.empty();
}

// Words that may hold a vertex, less those that do for certain. Of a block one does, nobody knows which.
int64_t EvidenceGraph::spare_words(uint32_t vertex) const {
  const uint32_t object = index(graph_.objects[vertex]);
  if (!heap_.is_counted(ObjectId{object})) return int64_t{in_degree_[vertex]} - 1;
  const int64_t words =
      accounts_.heap_references[object] + accounts_.root_references[object] + accounts_.ambiguous[object];
  const int64_t certain = heap_.strong_count[object] - accounts_.opaque[object];
  return words - std::min(certain, words);
}

// A reference that can hold a unit of its referent's count; of a block, any that keeps it.
bool EvidenceGraph::may_pay(uint64_t row) const {
  if (!heap_.is_counted(heap_.referent[row])) return can_own(heap_, row);
  return heap_.kind[row] == ReferenceKind::kAmbiguous || pays_for_count(heap_.kind[row], heap_.certainty[row]);
}

void EvidenceGraph::condense() {
  referred_.assign(components_.count, 0);
  for (uint32_t component = 0; component < components_.count; component++) {
    for (uint32_t vertex : vertices_of(component)) {
      for (uint32_t to : graph_.edges.slice(graph_.target, vertex)) {
        if (components_.component[to] == component) continue;
        condensed_target_.push_back(components_.component[to]);
        referred_[components_.component[to]] = 1;
      }
    }
    condensed_.offsets.push_back(condensed_target_.size());
  }
}

uint32_t EvidenceGraph::component_of(ObjectId object) const {
  const uint32_t vertex = graph_.vertex_of[index(object)];
  return vertex == Subgraph::kNoVertex ? kNoComponent : components_.component[vertex];
}

int64_t EvidenceGraph::lost_references(uint32_t component) const {
  if (vertices_of(component).size() != 1) return 0;
  const ObjectId object = graph_.objects[vertices_of(component).front()];
  if (!heap_.is_counted(object)) return 0;
  return accounts_.remainder[index(object)] - accounts_.ambiguous[index(object)];
}

bool EvidenceGraph::starts_finding(uint32_t component) const {
  return is_cycle(component) || !has_referrer(component) || lost_references(component) > 0;
}

std::vector<ObjectId> EvidenceGraph::objects_of(uint32_t component) const {
  std::vector<ObjectId> objects;
  for (uint32_t vertex : vertices_of(component)) objects.push_back(graph_.objects[vertex]);
  return objects;
}

ObjectId EvidenceGraph::representative(uint32_t component) const {
  const std::span<const uint32_t> vertices = vertices_of(component);
  const uint32_t least = *std::min_element(vertices.begin(), vertices.end(), [&](uint32_t a, uint32_t b) {
    const ObjectId x = graph_.objects[a], y = graph_.objects[b];
    return std::tuple(heap_.type_name(x), heap_.birth_order[index(x)], x) <
           std::tuple(heap_.type_name(y), heap_.birth_order[index(y)], y);
  });
  return graph_.objects[least];
}

// Dominators of the condensed graph with each group merged into one vertex, entered wherever a finding may start.
std::vector<EvidenceGraph::Retained> EvidenceGraph::retained_by(
    const std::vector<std::vector<uint32_t>>& groups) const {
  constexpr uint32_t kNoGroup = 0xffffffff;
  const uint32_t group_count = static_cast<uint32_t>(groups.size());
  std::vector<uint32_t> merged(components_.count, kNoGroup);  // component -> vertex: groups first, then the rest
  for (uint32_t group = 0; group < group_count; group++)
    for (uint32_t component : groups[group]) merged[component] = group;
  uint32_t vertices = group_count;
  for (uint32_t& vertex : merged)
    if (vertex == kNoGroup) vertex = vertices++;

  CsrOffsets edges;
  edges.offsets.assign(vertices + 1, 0);
  auto for_each_edge = [&](auto visit) {
    for (uint32_t component = 0; component < components_.count; component++)
      for (uint32_t to : condensed_.slice(condensed_target_, component))
        if (merged[component] != merged[to]) visit(merged[component], merged[to]);
  };
  for_each_edge([&](uint32_t from, uint32_t) { edges.offsets[from + 1]++; });
  accumulate(edges.offsets);
  std::vector<uint32_t> target(edges.size());
  std::vector<uint64_t> next(edges.offsets.begin(), edges.offsets.end() - 1);
  for_each_edge([&](uint32_t from, uint32_t to) { target[next[from]++] = to; });

  std::vector<uint64_t> bytes(vertices, 0), objects(vertices, 0);
  for (uint32_t vertex = 0; vertex < graph_.size(); vertex++) {
    const uint32_t at = merged[components_.component[vertex]];
    bytes[at] += heap_.size[index(graph_.objects[vertex])];
    objects[at]++;
  }
  std::vector<uint32_t> entries;
  for (uint32_t component = components_.count; component-- > 0;)
    if (starts_finding(component) || merged[component] < group_count) entries.push_back(merged[component]);
  const Dominators dominators = find_dominators(edges, target, entries);
  const std::vector<uint64_t> retained_bytes = retained_weights(dominators, bytes);
  const std::vector<uint64_t> retained_objects = retained_weights(dominators, objects);
  std::vector<Retained> result(group_count);
  for (uint32_t group = 0; group < group_count; group++)
    result[group] = {retained_bytes[group], retained_objects[group]};
  return result;
}

}  // namespace reftally
