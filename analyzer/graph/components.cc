// Strongly connected components by D. Pearce, "A space-efficient algorithm for finding strongly connected components"
// (2016), iterative: one word a vertex holds first its index, then the least index it leads back to, then its
// component. Boost.Graph's Tarjan takes about twice the time and three times the memory on heaps (research/graph.md, 1;
// tests/bench/analyze measures it again): it is the oracle in tests, not the engine.
#include "analyzer/graph/depth_first.h"
#include "analyzer/graph/reference_graph.h"

namespace reftally {
namespace {

class Pearce {
 public:
  Pearce(const CsrOffsets& edges, const std::vector<uint32_t>& target)
      : graph_(edges, target), component_(edges.rows()) {}

  Components run() {
    DepthFirstSearch<Pearce> search(graph_, *this);
    for (uint32_t vertex = 0; vertex < graph_.size(); vertex++)
      if (graph_[vertex].mark == 0) search.run(vertex, 0);
    Components result;
    reserve_column(result.component, graph_.size());
    for (uint32_t vertex = 0; vertex < graph_.size(); vertex++)
      result.component.push_back(graph_.size() - graph_[vertex].mark);
    result.count = graph_.size() - component_;
    return result;
  }

  // What has no edges is a component.
  uint32_t enter(uint32_t vertex, uint32_t) {
    return graph_[vertex].first == SearchGraph::kNone ? component_-- : ++index_;
  }

  void known(SearchFrame& frame, uint32_t mark) { frame.least = std::min(frame.least, mark); }

  void leave(const SearchFrame& frame, SearchFrame* above) {
    if (frame.least == frame.number) return close(frame.vertex, frame.least);
    graph_[frame.vertex].mark = frame.least;
    open_.push_back(frame.vertex);
    above->least = std::min(above->least, frame.least);
  }

 private:
  // Components count down from the number of vertices: above every index still open, so that no vertex leads back
  // there.
  void close(uint32_t vertex, uint32_t least) {
    constexpr size_t kAhead = 16;
    index_--;
    for (; !open_.empty() && graph_[open_.back()].mark >= least; open_.pop_back()) {
      if (open_.size() > kAhead) graph_.prefetch(*(open_.end() - kAhead));
      graph_[open_.back()].mark = component_;
      index_--;
    }
    graph_[vertex].mark = component_--;
  }

  SearchGraph graph_;
  uint32_t component_, index_ = 0;
  GrowingColumn<uint32_t> open_;  // left, component not known yet
};

}  // namespace

Components find_components(const CsrOffsets& edges, const std::vector<uint32_t>& target) {
  return Pearce(edges, target).run();
}

}  // namespace reftally
