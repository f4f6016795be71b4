#include "analyzer/lint/ownership_graph.h"

#include <algorithm>
#include <deque>
#include <ostream>
#include <set>

namespace reftally::lint {
namespace {

bool counts(Hold hold) { return hold == Hold::kStrong || hold == Hold::kCallable || hold == Hold::kOpaque; }

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + "\"";
}

}  // namespace

OwnershipGraph::OwnershipGraph(const Program& program, const ObjectGraphs& graphs) : program_(program) {
  for (const RecordFact& record : program.records())
    class_ids_.emplace(record.key, static_cast<uint32_t>(class_ids_.size()));
  steps_.resize(3 * class_ids_.size());
  // Captured references by field: row of the graph is needed to know the class of what was captured.
  std::map<Key, std::map<Key, const StoreSite*>> captured;
  for (const ObjectGraph& graph : graphs.graphs())
    for (const ObjectEdge& edge : graph.edges) {
      if (edge.site == 0) continue;
      stored_[edge.field] = true;
      const StoreSite& site = graph.sites[edge.site];
      const Object& target = graph.objects[edge.to];
      if (!site.capture.empty() && target.kind != ObjectKind::kMember && !target.id.empty())
        captured[edge.field].emplace(target.id, &site);
    }
  for (const RecordFact& record : program.records()) {
    steps_[node(record.key, kReference)].push_back({{}, Hold::kValue, nullptr, node(record.key, kObject)});
    steps_[node(record.key, kObject)].push_back({{}, Hold::kValue, nullptr, node(record.key, kMembers)});
    for (const RecordFact* derived : program.derived(record.key))
      steps_[node(record.key, kReference)].push_back({{}, Hold::kValue, nullptr, node(derived->key, kReference)});
    auto& members = steps_[node(record.key, kMembers)];
    for (const BaseFact& base : record.bases)
      if (program.record(base.key)) members.push_back({{}, Hold::kValue, nullptr, node(base.key, kMembers)});
    for (const FieldFact& field : record.fields) {
      for (const FieldEdge& edge : field.edges) {
        if (edge.hold > Hold::kStrong || !program.record(edge.target)) continue;
        members.push_back(
            {field.key, edge.hold, nullptr, node(edge.target, edge.hold == Hold::kValue ? kMembers : kReference)});
      }
      if (auto found = captured.find(field.key); found != captured.end())
        for (const auto& [target, site] : found->second)
          if (program.record(target)) members.push_back({field.key, Hold::kCallable, site, node(target, kReference)});
    }
  }
}

uint32_t OwnershipGraph::node(const Key& record, Part part) const { return 3 * class_ids_.at(record) + part; }

std::vector<OwnershipStep> OwnershipGraph::search(uint32_t from, uint32_t to, bool only_stored) const {
  std::vector<const OwnershipStep*> arrived(steps_.size(), nullptr);
  std::vector<uint32_t> came_from(steps_.size(), 0);
  std::deque<uint32_t> queue{from};
  while (!queue.empty()) {
    const uint32_t at = queue.front();
    queue.pop_front();
    for (const OwnershipStep& step : steps_[at]) {
      if (arrived[step.to]) continue;
      if (only_stored && !step.field.empty() && step.hold != Hold::kValue && !stored_.count(step.field)) continue;
      arrived[step.to] = &step;
      came_from[step.to] = at;
      if (step.to == to) {
        std::vector<OwnershipStep> way;
        uint32_t back = to;
        do {
          if (!arrived[back]->field.empty()) way.push_back(*arrived[back]);
          back = came_from[back];
        } while (back != from);
        std::reverse(way.begin(), way.end());
        return way;
      }
      // Inheritance costs no member: look there first, so that the way has the fewest members.
      step.field.empty() ? queue.push_front(step.to) : queue.push_back(step.to);
    }
  }
  return {};
}

std::vector<OwnershipStep> OwnershipGraph::way(const Key& from, const Key& to) const {
  if (!class_ids_.count(from) || !class_ids_.count(to)) return {};
  return search(node(from, kObject), node(to, kMembers), true);
}

// Tarjan's algorithm, iterative: component of each node, numbered in order of completion.
std::vector<uint32_t> OwnershipGraph::components() const {
  constexpr uint32_t kUnseen = 0xffffffff;
  std::vector<uint32_t> order(steps_.size(), kUnseen), low(steps_.size(), 0), component(steps_.size(), kUnseen);
  std::vector<uint32_t> open;
  uint32_t next = 0, count = 0;
  for (uint32_t root = 0; root < steps_.size(); ++root) {
    if (order[root] != kUnseen) continue;
    std::vector<std::pair<uint32_t, size_t>> stack{{root, 0}};
    while (!stack.empty()) {
      const auto [at, edge] = stack.back();
      if (edge == 0) {
        order[at] = low[at] = next++;
        open.push_back(at);
      }
      if (edge < steps_[at].size()) {
        ++stack.back().second;
        const uint32_t to = steps_[at][edge].to;
        if (order[to] == kUnseen)
          stack.push_back({to, 0});
        else if (component[to] == kUnseen)
          low[at] = std::min(low[at], order[to]);
        continue;
      }
      stack.pop_back();
      if (!stack.empty()) low[stack.back().first] = std::min(low[stack.back().first], low[at]);
      if (low[at] != order[at]) continue;
      for (uint32_t member = kUnseen; member != at;) {
        member = open.back();
        open.pop_back();
        component[member] = count;
      }
      ++count;
    }
  }
  return component;
}

std::vector<std::vector<const RecordFact*>> OwnershipGraph::cyclic_components() const {
  const std::vector<uint32_t> component = components();
  std::set<uint32_t> counted;
  for (uint32_t at = 0; at < steps_.size(); ++at)
    for (const OwnershipStep& step : steps_[at])
      if (component[at] == component[step.to] && !step.field.empty() && counts(step.hold))
        counted.insert(component[at]);
  std::map<uint32_t, std::vector<const RecordFact*>> classes;
  for (const RecordFact& record : program_.records()) {
    const uint32_t of = component[node(record.key, kObject)];
    if (counted.count(of)) classes[of].push_back(&record);
  }
  std::vector<std::vector<const RecordFact*>> result;
  for (auto& [of, records] : classes) result.push_back(std::move(records));
  std::sort(result.begin(), result.end(),
            [](const auto& a, const auto& b) { return a.front()->name < b.front()->name; });
  return result;
}

std::vector<OwnershipStep> OwnershipGraph::cycle_of(const RecordFact& record) const {
  return search(node(record.key, kObject), node(record.key, kObject), false);
}

void OwnershipGraph::write_dot(const RecordFact& root, unsigned depth, std::ostream& out) const {
  const std::vector<uint32_t> component = components();
  static constexpr const char* kStyles[] = {"color=gray label=%", "style=bold label=%", "label=%",
                                            "style=dashed label=%"};
  std::set<Key> drawn{root.key};
  std::vector<const RecordFact*> level{&root};
  out << "digraph ownership {\n  rankdir=LR;\n  node [shape=box];\n  " << quoted(root.name) << " [penwidth=2];\n";
  for (unsigned i = 0; i < depth && !level.empty(); ++i) {
    std::vector<const RecordFact*> next;
    for (const RecordFact* record : level) {
      for (const OwnershipStep& step : steps_[node(record->key, kMembers)]) {
        const RecordFact& target = program_.records()[step.to / 3];
        std::string style = kStyles[step.field.empty() ? 0 : static_cast<int>(step.hold)];
        const FieldRef field = program_.field(step.field);
        style.replace(style.find('%'), 1, quoted(field ? field.field->name : "inherits"));
        const bool cyclic = component[node(record->key, kMembers)] == component[step.to] && field;
        out << "  " << quoted(record->name) << " -> " << quoted(target.name) << " [" << style
            << (cyclic ? " color=red fontcolor=red" : "") << "];\n";
        if (drawn.insert(target.key).second) next.push_back(&target);
      }
      for (const RecordFact* derived : program_.derived(record->key)) {
        out << "  " << quoted(record->name) << " -> " << quoted(derived->name)
            << " [style=dotted arrowhead=onormal dir=back];\n";
        if (drawn.insert(derived->key).second) next.push_back(derived);
      }
    }
    level = std::move(next);
  }
  out << "}\n";
}

}  // namespace reftally::lint
