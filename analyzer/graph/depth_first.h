// Depth-first search over a graph that is larger than the caches. Where it goes next is in what it loads now, so its
// time is that of one load miss after another: all that it needs of a vertex lies in 16 bytes of one cache line, with
// the first two edges, and the lines of the next vertices are asked for as soon as their numbers are known. A fifth
// faster than offsets, marks and edges in columns of their own, at 10 million vertices.
#pragma once

#include <algorithm>

#include "analyzer/base/csr.h"
#include "analyzer/base/error.h"
#include "analyzer/base/growing_column.h"

namespace reftally {

class SearchGraph {
 public:
  static constexpr uint32_t kNone = 0xffffffff;
  struct Vertex {
    uint32_t mark;           // the search's own; 0: not seen
    uint32_t row;            // lower half of its offset
    uint32_t first, second;  // edges, or kNone
  };

  SearchGraph(const CsrOffsets& edges, const std::vector<uint32_t>& target) : target_(target.data()) {
    reserve_column(vertices_, size_t{edges.rows()} + 1);
    for (uint32_t i = 0; i < edges.rows(); i++) {
      const uint64_t begin = edges.begin(i), degree = edges.end(i) - begin;
      if (i % kBlock == 0) {
        base_.push_back(begin);
        require(edges.end(std::min(i + kBlock, edges.rows()) - 1) - begin < kNone, "fewer references of one region");
      }
      vertices_.push_back({0, static_cast<uint32_t>(begin), degree > 0 ? target_[begin] : kNone,
                           degree > 1 ? target_[begin + 1] : kNone});
    }
    vertices_.push_back({0, static_cast<uint32_t>(edges.size()), kNone, kNone});
  }

  uint32_t size() const { return static_cast<uint32_t>(vertices_.size() - 1); }
  Vertex& operator[](uint32_t vertex) { return vertices_[vertex]; }
  uint32_t degree(uint32_t vertex) const { return vertices_[vertex + 1].row - vertices_[vertex].row; }
  const uint32_t* row(uint32_t vertex) const {
    const uint64_t base = base_[vertex / kBlock];
    return target_ + base + (vertices_[vertex].row - static_cast<uint32_t>(base));
  }
  void prefetch(uint32_t vertex) const { __builtin_prefetch(&vertices_[vertex], 1); }

 private:
  static constexpr uint32_t kBlock = 1u << 16;  // vertices whose offsets share an upper half, but for a carry

  const uint32_t* target_;
  std::vector<Vertex> vertices_;
  std::vector<uint64_t> base_;  // offset of each block's first row
};

// Visitor: enter(vertex, number of the parent) gives the vertex its number, which is not 0; known(frame, mark) is an
// edge to a vertex that has a mark; leave(frame, above) when all its edges are done, `above` being nothing at the
// start. What has no edges is entered and never left.
struct SearchFrame {
  uint32_t next, vertex, number, least;  // edge by place in its row; `least` is the visitor's own, `number` at first
};

template <class Visitor>
class DepthFirstSearch {
 public:
  DepthFirstSearch(SearchGraph& graph, Visitor& visitor) : graph_(graph), visitor_(visitor) {}

  void run(uint32_t start, uint32_t parent) {
    if (!enter(start, parent)) return;
    while (!path_.empty()) {
      if (descend()) continue;
      const SearchFrame& frame = path_.back();
      visitor_.leave(frame, path_.size() > 1 ? &path_[path_.size() - 2] : nullptr);
      path_.pop_back();
    }
  }

 private:
  static constexpr uint32_t kAhead = 8;

  // False when there is nothing below.
  bool enter(uint32_t vertex, uint32_t parent) {
    SearchGraph::Vertex& at = graph_[vertex];
    const uint32_t number = at.mark = visitor_.enter(vertex, parent);
    if (at.first == SearchGraph::kNone) return false;
    path_.push_back({0, vertex, number, number});
    graph_.prefetch(at.first);
    if (at.second == SearchGraph::kNone) return true;
    graph_.prefetch(at.second);
    graph_.prefetch(vertex + 1);
    __builtin_prefetch(graph_.row(vertex) + 2);
    return true;
  }

  // Follows edges until one leads to a new vertex with edges of its own; false when none is left.
  bool descend() {
    SearchFrame& frame = path_.back();
    const SearchGraph::Vertex& at = graph_[frame.vertex];
    uint32_t next = frame.next;
    if (next == 0) {
      frame.next = next = 1;
      if (follow(frame, at.first)) return true;
    }
    if (at.second == SearchGraph::kNone) return false;
    const uint32_t* row = graph_.row(frame.vertex);
    const uint32_t degree = graph_.degree(frame.vertex);
    if (next == 1) {
      frame.next = next = 2;
      for (uint32_t i = 2; i < std::min(degree, 2 + kAhead); i++) graph_.prefetch(row[i]);
      if (follow(frame, at.second)) return true;
    }
    while (next < degree) {
      const uint32_t to = row[next++];
      if (degree - next > kAhead) graph_.prefetch(row[next + kAhead]);
      frame.next = next;
      if (follow(frame, to)) return true;
    }
    return false;
  }

  bool follow(SearchFrame& frame, uint32_t to) {
    if (const uint32_t mark = graph_[to].mark; mark != 0) {
      visitor_.known(frame, mark);
      return false;
    }
    return enter(to, frame.number);
  }

  SearchGraph& graph_;
  Visitor& visitor_;
  GrowingColumn<SearchFrame> path_;
};

}  // namespace reftally
