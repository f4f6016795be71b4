// Strongly connected components by D. Pearce, "A space-efficient algorithm for finding strongly connected components"
// (2016), iterative: one word a vertex holds first its index, then the least index it leads back to, then its
// component. Boost.Graph's Tarjan takes about twice the time and three times the memory on heaps (research/graph.md, 1;
// tests/bench/analyze measures it again): it is the oracle in tests, not the engine.
#include <algorithm>

#include "analyzer/base/huge_pages.h"
#include "analyzer/graph/reference_graph.h"

namespace reftally {
namespace {

class Pearce {
 public:
  Pearce(const CsrOffsets& edges, const std::vector<uint32_t>& target)
      : offsets_(edges.offsets.data()), target_(target.data()), vertices_(edges.rows()), component_(vertices_) {
    assign_column(word_, vertices_, uint32_t{0});
  }

  Components run() {
    for (uint32_t vertex = 0; vertex < vertices_; vertex++)
      if (word_[vertex] == 0) search(vertex);
    for (uint32_t& word : word_) word = vertices_ - word;
    return {std::move(word_), vertices_ - component_};
  }

 private:
  struct Frame {
    uint64_t next;  // edge
    uint32_t vertex, entered_as;
  };

  void search(uint32_t start) {
    enter(start);
    while (!path_.empty()) {
      if (!descend()) leave();
    }
  }

  // What the vertex refers to is needed next, in this order: memory can begin to fetch it.
  void enter(uint32_t vertex) {
    constexpr uint64_t kAhead = 6;
    word_[vertex] = ++index_;
    path_.push_back({offsets_[vertex], vertex, index_});
    const uint64_t end = std::min(offsets_[vertex + 1], offsets_[vertex] + kAhead);
    for (uint64_t edge = offsets_[vertex]; edge < end; edge++) {
      __builtin_prefetch(&word_[target_[edge]], 1);
      __builtin_prefetch(&offsets_[target_[edge]]);
    }
  }

  // Follows edges until one leads to a new vertex; false when none is left.
  bool descend() {
    constexpr uint64_t kAhead = 8;
    Frame& frame = path_.back();
    const uint64_t end = offsets_[frame.vertex + 1];
    uint32_t least = word_[frame.vertex];
    while (frame.next < end) {
      if (frame.next + kAhead < end) __builtin_prefetch(&word_[target_[frame.next + kAhead]], 1);
      const uint32_t to = target_[frame.next++];
      const uint32_t word = word_[to];
      if (word == 0) {
        word_[frame.vertex] = least;
        enter(to);
        return true;
      }
      least = std::min(least, word);
    }
    word_[frame.vertex] = least;
    return false;
  }

  void leave() {
    const Frame frame = path_.back();
    path_.pop_back();
    const uint32_t least = word_[frame.vertex];
    if (least == frame.entered_as) {
      close(frame.vertex, least);
    } else {
      open_.push_back(frame.vertex);
    }
    if (path_.empty()) return;
    uint32_t& above = word_[path_.back().vertex];
    above = std::min(above, word_[frame.vertex]);
  }

  // Components count down from the number of vertices: above every index still open, so that no vertex leads back
  // there.
  void close(uint32_t vertex, uint32_t least) {
    index_--;
    for (; !open_.empty() && word_[open_.back()] >= least; open_.pop_back()) {
      word_[open_.back()] = component_;
      index_--;
    }
    word_[vertex] = component_--;
  }

  const uint64_t* offsets_;
  const uint32_t* target_;
  uint32_t vertices_, component_, index_ = 0;
  std::vector<uint32_t> word_;  // by vertex
  std::vector<Frame> path_;
  std::vector<uint32_t> open_;  // left, component not known yet
};

}  // namespace

Components find_components(const CsrOffsets& edges, const std::vector<uint32_t>& target) {
  return Pearce(edges, target).run();
}

}  // namespace reftally
