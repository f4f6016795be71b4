// Calls: the summary of each function that may be meant is replayed on the objects of the caller.
#include <algorithm>

#include "analyzer/lint/interpreter.h"

namespace reftally::lint {
namespace {

constexpr size_t kMostTargets = 16;  // overriders tried at a virtual call

}  // namespace

// What each object of a callee is at one call of it. A member is what it was before the call: what the callee stores in
// it, and reads again, is an object of its own there.
class Translation {
 public:
  Translation(Interpreter& caller, const ObjectGraph& summary, const Value& receiver,
              const std::vector<Value>& arguments, uint32_t step)
      : caller_(caller),
        summary_(summary),
        receiver_(receiver),
        arguments_(arguments),
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
        return values_[id] = receiver_;
      case ObjectKind::kParam:
        return values_[id] = theirs.index < arguments_.size() ? arguments_[theirs.index] : Value();
      case ObjectKind::kMember: {
        const Value parent = translate(theirs.parent);
        const uint32_t place = step_ * 64 + id % 64;
        return values_[id] =
                   theirs.id == kElementKey ? caller_.element(parent, place) : caller_.load(parent, theirs.id, place);
      }
      case ObjectKind::kNew:
      case ObjectKind::kResult:
        return values_[id] = {{caller_.object({theirs.kind, step_, 0, id + 1, theirs.id}), 0}};
      case ObjectKind::kNull:
        return values_[id] = {{caller_.object({}), 0}};
    }
    return values_[id];
  }

  Interpreter& caller_;
  const ObjectGraph& summary_;
  const Value& receiver_;
  const std::vector<Value>& arguments_;
  uint32_t step_;
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
    for (const Atom& from : here[edge.from]) {
      if (from.closure || graph_.objects[from.object].kind == ObjectKind::kNull) continue;
      for (const Atom& to : targets) {
        if (graph_.objects[to.object].kind == ObjectKind::kNull) continue;
        StoreSite where = summary.sites[edge.site];
        if (to.closure && where.capture.empty()) where.adopt_capture(graph_.sites[to.closure]);
        add_edge(from.object, edge.field, to.object, site(where));
        add(members_[{from.object, edge.field}], {to});
      }
    }
  }
  for (const Atom& atom : summary.returns) {
    Value back = here[atom.object];
    if (atom.closure)
      for (Atom& each : back) each.closure = site(summary.sites[atom.closure]);
    add(result, back);
  }
}

void Interpreter::call(const Key& callee, bool is_virtual, const Value& receiver, const std::vector<Value>& arguments,
                       const Step& step, uint32_t index, Value& result) {
  std::vector<Key> targets{callee};
  if (is_virtual)
    for (const FunctionFact* overrider : program_.overriders(callee))
      if (targets.size() < kMostTargets) targets.push_back(overrider->key);
  // One of them runs: none finds what another would have stored.
  std::vector<Translation> meant;
  for (const Key& target : targets) {
    auto known = all_.by_function_.find(target);
    if (known != all_.by_function_.end())
      meant.emplace_back(*this, all_.summaries_[known->second], receiver, arguments, index);
  }
  for (const Translation& here : meant) replay(here, step, result);
}

}  // namespace reftally::lint
