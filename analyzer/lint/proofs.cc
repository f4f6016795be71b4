#include "analyzer/lint/proofs.h"

#include <algorithm>
#include <deque>
#include <map>
#include <set>

namespace reftally::lint {
namespace {

constexpr size_t kLongestCycle = 8;  // edges; a longer chain of "may hold" is not a proof any more

// The shortest way from where an edge leads back to where it begins, as edge numbers; empty when there is none. Of what
// was there when that edge was made.
std::vector<uint32_t> shortest_way_back(const ObjectGraph& graph, const std::vector<std::vector<uint32_t>>& outgoing,
                                        uint32_t closing) {
  const uint32_t from = graph.edges[closing].to, to = graph.edges[closing].from;
  std::map<uint32_t, uint32_t> arrived_by;
  std::deque<std::pair<uint32_t, size_t>> queue{{from, 0}};
  std::set<uint32_t> seen{from};
  while (!queue.empty()) {
    const auto [object, length] = queue.front();
    queue.pop_front();
    if (length + 1 >= kLongestCycle) continue;
    for (uint32_t edge : outgoing[object]) {
      const uint32_t next = graph.edges[edge].to;
      if (graph.edges[edge].until <= closing || !seen.insert(next).second) continue;
      arrived_by[next] = edge;
      if (next != to) {
        queue.push_back({next, length + 1});
        continue;
      }
      std::vector<uint32_t> way;
      for (uint32_t at = to; at != from; at = graph.edges[arrived_by[at]].from) way.push_back(arrived_by[at]);
      std::reverse(way.begin(), way.end());
      return way;
    }
  }
  return {};
}

// Edges are numbered as they are made.
bool was_ever_whole(const ObjectGraph& graph, const std::vector<uint32_t>& way) {
  const uint32_t last = *std::max_element(way.begin(), way.end());
  return std::all_of(way.begin(), way.end(), [&](uint32_t number) { return graph.edges[number].until > last; });
}

class Prover {
 public:
  Prover(const Program& program, const ObjectGraphs& graphs) : program_(program), graphs_(graphs) {
    for (const Emptied& emptied : graphs.emptied()) emptied_[emptied.field].push_back(&emptied);
  }
  std::vector<ProvedCycle> run() {
    for (const ObjectGraph& graph : graphs_.graphs()) search(graph);
    std::vector<ProvedCycle> result;
    for (auto& [id, cycle] : cycles_) result.push_back(std::move(cycle));
    return result;
  }

 private:
  void search(const ObjectGraph& graph);
  void keep(const ObjectGraph& graph, const std::vector<uint32_t>& way);
  CycleEdge describe(const ObjectGraph& graph, const ObjectEdge& edge) const;
  bool is_held_elsewhere(const ObjectGraph& graph, const std::vector<uint32_t>& way, uint32_t object) const;
  bool is_only_holder(const ObjectGraph& graph, const ObjectEdge& edge) const;
  Hold hold_of(const ObjectGraph& graph, const ObjectEdge& edge) const;
  Key key_of(const ObjectGraph& graph, uint32_t object) const;
  std::string class_of(const ObjectGraph& graph, uint32_t object) const;
  void add_breaks(ProvedCycle& cycle) const;
  bool only_from_destructors(const FunctionFact* function, const std::set<Key>& classes, int depth) const;

  const Program& program_;
  const ObjectGraphs& graphs_;
  std::map<Key, std::vector<const Emptied*>> emptied_;
  std::map<std::string, ProvedCycle> cycles_;
};

Hold Prover::hold_of(const ObjectGraph& graph, const ObjectEdge& edge) const {
  const FieldRef field = program_.field(edge.field);
  if (!field) return Hold::kCallable;
  const bool captured = edge.site && !graph.sites[edge.site].capture.empty();
  // A map<Key, shared_ptr<T>> lies around its keys and holds its values; what was stored is the value.
  auto preference = [&](Hold hold) {
    if (captured) return hold == Hold::kCallable ? 0 : hold == Hold::kOpaque ? 1 : 9;
    constexpr int kOrder[] = {4, 1, 0, 3, 2, 9, 9};  // by Hold
    return kOrder[static_cast<int>(hold)];
  };
  Hold best = Hold::kRaw;
  for (const FieldEdge& each : field.field->edges)
    if (preference(each.hold) < preference(best)) best = each.hold;
  return best;
}

Key Prover::key_of(const ObjectGraph& graph, uint32_t object) const {
  const Object& known = graph.objects[object];
  if (known.kind != ObjectKind::kMember) return known.id;
  if (known.id == kElementKey) return key_of(graph, known.parent);
  if (const FieldRef field = program_.field(known.id))
    for (const FieldEdge& edge : field.field->edges)
      if (!edge.target.empty() && edge.hold <= Hold::kStrong) return edge.target;
  return {};
}

std::string Prover::class_of(const ObjectGraph& graph, uint32_t object) const {
  const Key key = key_of(graph, object);
  if (!key.empty()) return program_.class_name(key);
  const FieldRef field = program_.field(graph.objects[object].id);
  if (field)  // seen through a pointer that does not own
    for (const FieldEdge& edge : field.field->edges)
      if (!edge.target.empty()) return program_.class_name(edge.target);
  return field ? field.field->type : "closure";
}

CycleEdge Prover::describe(const ObjectGraph& graph, const ObjectEdge& edge) const {
  CycleEdge result;
  result.field = edge.field;
  result.hold = hold_of(graph, edge);
  result.from = class_of(graph, edge.from);
  result.from_class = key_of(graph, edge.from);
  result.to = class_of(graph, edge.to);
  if (edge.site) result.site = graph.sites[edge.site];
  if (const FieldRef field = program_.field(edge.field)) {
    result.declared = {field.record->location.file, field.field->line, field.field->column};
    for (const FieldEdge& each : field.field->edges)
      result.is_const_target |= each.hold == Hold::kStrong && each.is_const;
  } else if (result.site) {
    result.declared = result.site->closure;
  }
  return result;
}

// By another member than those of the cycle: the same one again may be the same reference under another name.
bool Prover::is_held_elsewhere(const ObjectGraph& graph, const std::vector<uint32_t>& way, uint32_t object) const {
  return std::any_of(graph.edges.begin(), graph.edges.end(), [&](const ObjectEdge& edge) {
    const Hold hold = hold_of(graph, edge);
    return edge.to == object && (hold == Hold::kStrong || hold == Hold::kUnique) &&
           std::none_of(way.begin(), way.end(), [&](uint32_t number) {
             return graph.edges[number].from == edge.from || graph.edges[number].field == edge.field;
           });
  });
}

bool Prover::is_only_holder(const ObjectGraph& graph, const ObjectEdge& edge) const {
  return graph.objects[edge.to].kind == ObjectKind::kNew &&
         std::none_of(graph.edges.begin(), graph.edges.end(), [&](const ObjectEdge& other) {
           return other.to == edge.to && other.from != edge.from && hold_of(graph, other) <= Hold::kStrong;
         });
}

void Prover::search(const ObjectGraph& graph) {
  std::vector<std::vector<uint32_t>> outgoing(graph.objects.size());
  for (uint32_t i = 0; i < graph.edges.size(); ++i) outgoing[graph.edges[i].from].push_back(i);
  for (uint32_t i = 0; i < graph.edges.size(); ++i) {
    const ObjectEdge& edge = graph.edges[i];
    if (edge.site == 0) continue;  // a cycle needs a store; members alone form a tree
    if (edge.from == edge.to) {
      keep(graph, {i});
      continue;
    }
    std::vector<uint32_t> way = shortest_way_back(graph, outgoing, i);
    if (way.empty()) continue;
    way.push_back(i);
    if (was_ever_whole(graph, way)) keep(graph, way);
  }
}

void Prover::keep(const ObjectGraph& graph, const std::vector<uint32_t>& way) {
  ProvedCycle cycle;
  bool counted = false;
  std::set<std::string> names;
  for (uint32_t number : way) {
    CycleEdge edge = describe(graph, graph.edges[number]);
    counted |= edge.hold == Hold::kStrong || edge.hold == Hold::kCallable || edge.hold == Hold::kOpaque;
    edge.is_target_held_elsewhere = is_held_elsewhere(graph, way, graph.edges[number].to);
    edge.is_only_holder = is_only_holder(graph, graph.edges[number]);
    cycle.objects += edge.hold != Hold::kValue;
    // A closure behind a local pointer has no field to name it: its place in the file does.
    names.insert(edge.field == "*" ? edge.declared.file + " " + (edge.site ? edge.site->function : "")
                                   : program_.field_name(edge.field));
    cycle.edges.push_back(std::move(edge));
  }
  if (!counted) return;
  const uint32_t last = *std::max_element(way.begin(), way.end());  // edges are numbered as they are made
  cycle.closed_at = graph.sites[graph.edges[graph.edges[last].site ? last : way.back()].site].location;
  for (const std::string& name : names) cycle.id += (cycle.id.empty() ? "" : " ") + name;
  if (cycles_.count(cycle.id)) return;
  auto name_of = [&](const CycleEdge& edge) { return program_.field_name(edge.field); };
  auto first = std::min_element(cycle.edges.begin(), cycle.edges.end(),
                                [&](const auto& a, const auto& b) { return name_of(a) < name_of(b); });
  std::rotate(cycle.edges.begin(), first, cycle.edges.end());
  cycle.function = graph.function->name;
  add_breaks(cycle);
  cycles_.emplace(cycle.id, std::move(cycle));
}

// Stop() that only ~X() calls never runs while the cycle holds X.
bool Prover::only_from_destructors(const FunctionFact* function, const std::set<Key>& classes, int depth) const {
  if (function->is_destructor) return classes.count(function->owner) > 0;
  const auto& callers = program_.callers(function->key);
  if (callers.empty() || depth > 4) return false;
  return std::all_of(callers.begin(), callers.end(),
                     [&](const FunctionFact* caller) { return only_from_destructors(caller, classes, depth + 1); });
}

void Prover::add_breaks(ProvedCycle& cycle) const {
  std::set<Key> classes;
  for (const CycleEdge& edge : cycle.edges)
    if (const FieldRef field = program_.field(edge.field)) {
      classes.insert(field.record->key);
      for (const RecordFact* derived : program_.derived(field.record->key)) classes.insert(derived->key);
    }
  for (const CycleEdge& edge : cycle.edges) {
    auto& breaks = cycle.breaks.emplace_back();
    auto found = emptied_.find(edge.field);
    if (found == emptied_.end()) continue;
    for (const Emptied* emptied : found->second) {
      // mailbox_.clear() destroys the messages in it; that the address of a part is handed out says nothing.
      if (edge.hold == Hold::kValue && emptied->escapes) continue;
      // Emptied just before it is filled: `cb_.reset(); cb_ = [self] …`
      const bool before_store = edge.site && emptied->function->name == edge.site->function &&
                                std::tie(emptied->location.line, emptied->location.column) <
                                    std::tie(edge.site->location.line, edge.site->location.column) &&
                                !emptied->escapes;
      if (before_store) continue;
      breaks.push_back({emptied->location, emptied->function->name, emptied->how, emptied->escapes,
                        only_from_destructors(emptied->function, classes, 0),
                        classes.count(emptied->function->owner) > 0});
    }
  }
}

}  // namespace

bool ProvedCycle::is_broken() const {
  for (const auto& edge_breaks : breaks)
    for (const Break& each : edge_breaks)
      if (!each.only_destructor) return true;
  return false;
}

std::vector<ProvedCycle> prove_cycles(const Program& program, const ObjectGraphs& graphs) {
  return Prover(program, graphs).run();
}

}  // namespace reftally::lint
