// Calls: the summary of each function that may be meant is replayed on the objects of the caller.
#include <algorithm>

#include "analyzer/lint/interpreter.h"

namespace reftally::lint {
namespace {

constexpr size_t kMostTargets = 16;  // overriders tried at a virtual call
constexpr size_t kMostWays = 8;      // of choosing one object for each argument

}  // namespace

// What each object of a callee is at one call of it. A member is what it was before the call: what the callee stores in
// it, and reads again, is an object of its own there.
class Translation {
 public:
  // `values`: the receiver and the arguments, chosen in one of several ways.
  Translation(Interpreter& caller, const ObjectGraph& summary, const std::vector<Value>& values, uint32_t way,
              uint32_t step)
      : caller_(caller),
        summary_(summary),
        given_(values),
        way_(way),
        step_(step),
        known_(summary.objects.size()),
        values_(summary.objects.size()) {
    for (const ObjectEdge& edge : summary.edges)
      if (edge.site != 0) translate(edge.from), translate(edge.to);
    for (const Atom& atom : summary.returns) translate(atom.object);
  }

  const ObjectGraph& summary() const { return summary_; }

  const Value& operator[](uint32_t id) const { return values_[id]; }

 private:
  const Value& translate(uint32_t id) {
    if (known_[id]) return values_[id];
    known_[id] = true;
    const Object& theirs = summary_.objects[id];
    switch (theirs.kind) {
      case ObjectKind::kThis:
        return values_[id] = given_.front();
      case ObjectKind::kParam:
        return values_[id] = theirs.index + 1 < given_.size() ? given_[theirs.index + 1] : Value();
      case ObjectKind::kMember: {
        const Value parent = translate(theirs.parent);
        const uint32_t place = step_ * 64 + id % 64;
        if (theirs.id == kElementKey)
          return values_[id] =
                     caller_.element(parent, {}, place, summary_.objects[theirs.parent].kind == ObjectKind::kNew);
        const bool is_later = theirs.index != 0 && summary_.overwritten.contains(theirs.id);
        return values_[id] =
                   is_later ? caller_.load_later(parent, theirs.id, place) : caller_.load(parent, theirs.id, place);
      }
      case ObjectKind::kNew:
      case ObjectKind::kResult:
        return values_[id] = {{caller_.object({theirs.kind, step_, way_, id + 1, theirs.id}), 0}};
      case ObjectKind::kNull:
        return values_[id] = {{caller_.object({}), 0}};
    }
    return values_[id];
  }

  Interpreter& caller_;
  const ObjectGraph& summary_;
  const std::vector<Value>& given_;
  uint32_t way_, step_;
  std::vector<bool> known_;
  std::vector<Value> values_;
};

void Interpreter::replay(const Translation& here, const Step& step, Value& result) {
  const ObjectGraph& summary = here.summary();
  for (const ObjectEdge& edge : summary.edges) {
    if (edge.site == 0 || graph_.objects.size() > kMostObjects) continue;
    const Value& targets = here[edge.to];
    if (is_only_null(targets) && step.kind != StepKind::kNew && gives_up(here[edge.from]))
      note_emptied(edge.field, step, "set to null", false);
    overwrite(here[edge.from], edge.field, targets);
    for (const Atom& from : here[edge.from]) {
      if (from.closure || graph_.objects[from.object].kind == ObjectKind::kNull) continue;
      for (const Atom& to : targets) {
        if (graph_.objects[to.object].kind == ObjectKind::kNull) continue;
        if (!has_member(from.object, edge.field) || !may_own(edge.field, to)) continue;
        StoreSite where = summary.sites[edge.site];
        if (to.closure && where.capture.empty()) where.adopt_capture(graph_.sites[to.closure]);
        add_edge(from.object, edge.field, to.object, site(where));
        add(members_[{from.object, edge.field}], {to});
      }
    }
  }
  for (const Key& field : summary.overwritten) {
    graph_.overwritten.insert(field);
    ++stored_[field];
  }
  for (const Atom& atom : summary.returns) {
    Value back = here[atom.object];
    if (atom.closure)
      for (Atom& each : back) each.closure = site(summary.sites[atom.closure]);
    add(result, back);
  }
}

// Arguments that may each be one of several objects: what is stored is stored among those of one call, so each choice
// is a call of its own. The receiver comes first.
std::vector<std::vector<Value>> Interpreter::one_by_one(std::vector<Value> values) const {
  size_t ways = 1;
  for (const Value& value : values) ways *= std::max<size_t>(1, value.size());
  std::vector<std::vector<Value>> result{values};
  if (ways == 1 || ways > kMostWays) return result;
  for (size_t i = 0; i < values.size(); ++i) {
    Value choices;
    for (const Atom& atom : values[i])
      if (graph_.objects[atom.object].kind != ObjectKind::kNull) choices.push_back(atom);
    if (choices.size() < 2) continue;
    std::vector<std::vector<Value>> longer;
    for (const std::vector<Value>& way : result)
      for (const Atom& choice : choices) {
        longer.push_back(way);
        longer.back()[i] = {choice};
      }
    result = std::move(longer);
  }
  return result;
}

void Interpreter::call(const Key& callee, bool is_virtual, const Value& receiver, const std::vector<Value>& arguments,
                       const Step& step, uint32_t index, Value& result) {
  std::vector<Key> targets{callee};
  if (is_virtual)
    for (const FunctionFact* overrider : program_.overriders(callee))
      if (targets.size() < kMostTargets) targets.push_back(overrider->key);
  std::vector<Value> values{receiver};
  values.insert(values.end(), arguments.begin(), arguments.end());
  const std::vector<std::vector<Value>> ways = one_by_one(std::move(values));
  // One of them runs: none finds what another would have stored.
  std::vector<Translation> meant;
  for (const Key& target : targets) {
    auto known = all_.by_function_.find(target);
    if (known == all_.by_function_.end()) continue;
    for (uint32_t way = 0; way < ways.size(); ++way)
      meant.emplace_back(*this, all_.summaries_[known->second], ways[way], way, index);
  }
  for (const Translation& here : meant) replay(here, step, result);
}

}  // namespace reftally::lint
