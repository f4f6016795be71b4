// Immediate dominators by Semi-NCA (L. Georgiadis, "Linear-Time Algorithms for Dominators and Related Problems", 2005,
// section 2.3): a depth-first search, semidominators with path compression, then each vertex's nearest common ancestor
// with its semidominator. O(n^2) in theory, faster than Lengauer-Tarjan on heaps (research/graph.md, 1). No recursion.
//
// The search also writes down every edge that is not of its tree, as a pair of preorder numbers: the graph is walked
// once, and all that follows works on numbers that lie near each other.
#include <algorithm>
#include <utility>

#include "analyzer/base/error.h"
#include "analyzer/base/huge_pages.h"
#include "analyzer/graph/depth_first.h"
#include "analyzer/graph/reference_graph.h"

namespace reftally {
namespace {

constexpr uint32_t kNone = 0xffffffff;

struct NumberedEdge {
  uint32_t to, from;
};

// Edges by `to`, as offsets and sources. In bins first: counting within a bin stays in the cache.
class Predecessors {
 public:
  Predecessors(GrowingColumn<NumberedEdge> edges, uint32_t count) {
    require(edges.size() < kNone, "fewer than 2^32 references beside those of the search tree");
    while (count >> shift_ > kMostBins) shift_++;
    std::vector<uint32_t> bin((count >> shift_) + 2, 0);
    for (const NumberedEdge& edge : edges) bin[(edge.to >> shift_) + 1]++;
    for (size_t i = 1; i < bin.size(); i++) bin[i] += bin[i - 1];
    const std::vector<NumberedEdge> binned = into_bins(std::move(edges), bin);
    reserve_column(offset_, count + 1);
    reserve_column(source_, binned.size());
    source_.resize(binned.size());
    for (size_t i = 0; i + 1 < bin.size(); i++) sort_bin(binned, bin[i], bin[i + 1], static_cast<uint32_t>(i), count);
    offset_.push_back(static_cast<uint32_t>(binned.size()));
  }

  const uint32_t* begin(uint32_t number) const { return source_.data() + offset_[number]; }
  const uint32_t* end(uint32_t number) const { return source_.data() + offset_[number + 1]; }

 private:
  static constexpr uint32_t kMostBins = 1024;

  std::vector<NumberedEdge> into_bins(GrowingColumn<NumberedEdge> edges, std::vector<uint32_t> next) const {
    std::vector<NumberedEdge> binned;
    reserve_column(binned, edges.size());
    binned.resize(edges.size());
    for (const NumberedEdge& edge : edges) binned[next[edge.to >> shift_]++] = edge;
    return binned;
  }

  void sort_bin(const std::vector<NumberedEdge>& binned, uint32_t begin, uint32_t end, uint32_t bin, uint32_t count) {
    const uint32_t first = bin << shift_;
    next_.assign(std::min(size_t{1} << shift_, size_t{count} - first), 0);
    for (uint32_t i = begin; i < end; i++) next_[binned[i].to - first]++;
    uint32_t at = begin;
    for (uint32_t& next : next_) {
      offset_.push_back(at);
      at += std::exchange(next, at);
    }
    for (uint32_t i = begin; i < end; i++) source_[next_[binned[i].to - first]++] = binned[i].from;
  }

  uint32_t shift_ = 12;
  std::vector<uint32_t> offset_, source_, next_;
};

// Vertices by preorder number; number 0 is the virtual root, whose children are the entries.
class SemiNca {
 public:
  SemiNca(const CsrOffsets& edges, const std::vector<uint32_t>& target, const std::vector<uint32_t>& entries) {
    reserve_column(vertex_, size_t{edges.rows()} + 1);
    reserve_column(parent_, size_t{edges.rows()} + 1);
    vertex_.push_back(kNone);
    parent_.push_back(0);
    SearchGraph graph(edges, target);
    DepthFirstSearch<SemiNca> search(graph, *this);
    for (uint32_t entry : entries) {
      if (graph[entry].mark == 0) {
        search.run(entry, 0);
      } else {
        others_.push_back({graph[entry].mark, 0});
      }
    }
    reserve_column(number_, edges.rows());
    for (uint32_t vertex = 0; vertex < edges.rows(); vertex++) number_.push_back(graph[vertex].mark);
  }

  Dominators run() {
    const uint32_t count = static_cast<uint32_t>(vertex_.size());
    const Predecessors predecessors(std::move(others_), count);
    find_semidominators(predecessors, count);
    for (uint32_t i = 1; i < count; i++) {  // parents become immediate dominators, from the top
      uint32_t candidate = parent_[i];
      while (candidate > semi_[i]) candidate = parent_[candidate];
      parent_[i] = candidate;
    }
    return to_vertices();
  }

  uint32_t enter(uint32_t vertex, uint32_t parent) {
    vertex_.push_back(vertex);
    parent_.push_back(parent);
    return static_cast<uint32_t>(vertex_.size() - 1);
  }

  void known(const SearchFrame& frame, uint32_t mark) {
    if (mark != frame.number) others_.push_back({mark, frame.number});
  }

  void leave(const SearchFrame&, const SearchFrame*) {}

 private:
  void find_semidominators(const Predecessors& predecessors, uint32_t count) {
    constexpr uint32_t kAhead = 16, kMostAhead = 4;
    reserve_column(forest_, count);
    for (uint32_t i = 0; i < count; i++) forest_.push_back({parent_[i], i});
    reserve_column(semi_, count);
    semi_.resize(count);
    for (uint32_t i = count; i-- > 1;) {
      if (i > kAhead) {
        const uint32_t* soon = predecessors.begin(i - kAhead);
        const uint32_t* end = std::min(predecessors.end(i - kAhead), soon + kMostAhead);
        for (; soon < end; soon++) __builtin_prefetch(&forest_[*soon], 1);
      }
      uint32_t semi = parent_[i];
      for (const uint32_t* from = predecessors.begin(i); from != predecessors.end(i); from++)
        semi = std::min(semi, least_above(*from, i));
      semi_[i] = forest_[i].least = semi;
    }
    std::vector<Linked>().swap(forest_);
  }

  // The least semidominator on the path from `number` up to (not including) vertices not yet linked (<= limit).
  uint32_t least_above(uint32_t number, uint32_t limit) {
    if (number <= limit) return number;
    if (forest_[number].ancestor <= limit) return forest_[number].least;
    compressed_.clear();
    uint32_t at = number;
    for (; forest_[at].ancestor > limit; at = forest_[at].ancestor) compressed_.push_back(at);
    const uint32_t top = forest_[at].ancestor;
    uint32_t least = forest_[at].least;
    for (size_t i = compressed_.size(); i-- > 0;) {
      Linked& below = forest_[compressed_[i]];
      least = below.least = std::min(below.least, least);
      below.ancestor = top;
    }
    return least;
  }

  Dominators to_vertices() {
    Dominators result;
    result.immediate = std::move(number_);
    for (uint32_t& number : result.immediate) {
      if (number == 0) {
        number = Dominators::kUnreached;
      } else {
        number = parent_[number] == 0 ? Dominators::kRoot : vertex_[parent_[number]];
      }
    }
    result.preorder = std::move(vertex_);
    result.above = std::move(parent_);
    return result;
  }

  std::vector<uint32_t> number_;           // by vertex: preorder number, 0 when not reached
  std::vector<uint32_t> vertex_, parent_;  // by number
  GrowingColumn<NumberedEdge> others_;     // edges that are not of the tree
  struct Linked {
    uint32_t ancestor, least;
  };
  std::vector<Linked> forest_;  // by number
  std::vector<uint32_t> semi_, compressed_;
};

}  // namespace

Dominators find_dominators(const CsrOffsets& edges, const std::vector<uint32_t>& target,
                           const std::vector<uint32_t>& entries) {
  return SemiNca(edges, target, entries).run();
}

std::vector<uint64_t> retained_weights(const Dominators& dominators, const std::vector<uint64_t>& weight) {
  constexpr size_t kAhead = 32;
  const std::vector<uint32_t>& vertex = dominators.preorder;
  std::vector<uint64_t> below, retained;
  assign_column(below, vertex.size(), uint64_t{0});
  assign_column(retained, weight.size(), uint64_t{0});
  for (size_t i = vertex.size(); i-- > 1;) {
    if (i > kAhead) {
      __builtin_prefetch(&weight[vertex[i - kAhead]]);
      __builtin_prefetch(&retained[vertex[i - kAhead]], 1);
    }
    below[i] += weight[vertex[i]];
    below[dominators.above[i]] += below[i];
    retained[vertex[i]] = below[i];
  }
  return retained;
}

}  // namespace reftally
