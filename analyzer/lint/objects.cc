#include "analyzer/lint/objects.h"

#include <algorithm>
#include <set>

#include "analyzer/lint/interpreter.h"

namespace reftally::lint {
namespace {

constexpr size_t kMostSummaryEdges = 200;  // a function that stores more is cut: main() of a big program

// What a caller can see: edges from the objects it gave or gets back.
ObjectGraph summary_of(const ObjectGraph& graph) {
  std::vector<bool> seen(graph.objects.size(), false);
  for (uint32_t i = 0; i < graph.objects.size(); ++i)
    seen[i] = graph.objects[i].kind == ObjectKind::kThis || graph.objects[i].kind == ObjectKind::kParam;
  for (const Atom& atom : graph.returns) seen[atom.object] = true;
  for (bool grows = true; grows;) {
    grows = false;
    for (uint32_t i = 0; i < graph.objects.size(); ++i)
      if (!seen[i] && graph.objects[i].kind == ObjectKind::kMember && seen[graph.objects[i].parent])
        seen[i] = grows = true;
    for (const ObjectEdge& edge : graph.edges)
      if (seen[edge.from] && !seen[edge.to]) seen[edge.to] = grows = true;
  }
  ObjectGraph summary = graph;
  std::erase_if(summary.edges, [&](const ObjectEdge& edge) { return edge.site == 0 || !seen[edge.from]; });
  if (summary.edges.size() > kMostSummaryEdges) summary.edges.resize(kMostSummaryEdges);
  return summary;
}

// Callees first; a recursive call finds no summary yet and is ignored.
class CalleesFirst {
 public:
  explicit CalleesFirst(const Program& program) : program_(program) {}
  std::vector<const FunctionFact*> order() {
    for (const FunctionFact& function : program_.functions()) visit(&function);
    return std::move(order_);
  }

 private:
  void visit(const FunctionFact* root) {
    std::vector<std::pair<const FunctionFact*, size_t>> stack;
    std::vector<std::vector<const FunctionFact*>> callees;
    auto enter = [&](const FunctionFact* function) {
      if (!seen_.insert(function).second) return;
      stack.push_back({function, 0});
      callees.push_back(callees_of(*function));
    };
    enter(root);
    while (!stack.empty()) {
      auto& [function, next] = stack.back();
      if (next < callees.back().size()) {
        enter(callees.back()[next++]);
        continue;
      }
      order_.push_back(function);
      stack.pop_back();
      callees.pop_back();
    }
  }
  std::vector<const FunctionFact*> callees_of(const FunctionFact& function) const {
    std::vector<const FunctionFact*> result;
    for (const Key& key : function.calls) {
      if (const FunctionFact* callee = program_.function(key)) result.push_back(callee);
      for (const FunctionFact* overrider : program_.overriders(key)) result.push_back(overrider);
    }
    return result;
  }

  const Program& program_;
  std::set<const FunctionFact*> seen_;
  std::vector<const FunctionFact*> order_;
};

}  // namespace

ObjectGraphs::ObjectGraphs(const Program& program) : program_(program) {
  const std::vector<const FunctionFact*> order = CalleesFirst(program).order();
  graphs_.reserve(order.size());
  summaries_.reserve(order.size());
  for (const FunctionFact* function : order) {
    graphs_.push_back(Interpreter(*this, *function).run());
    summaries_.push_back(summary_of(graphs_.back()));
    by_function_[function->key] = graphs_.size() - 1;
  }
}

}  // namespace reftally::lint
