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

// Edges in bins by the upper bits of `to`, in chunks as they come: written once, and not sorted through main memory.
class EdgeBins {
 public:
  explicit EdgeBins(uint32_t numbers) {
    while (numbers >> shift_ >= kMostBins) shift_++;
    bins_.resize((numbers >> shift_) + 1);
  }

  void add(uint32_t to, uint32_t from) {
    Bin& bin = bins_[to >> shift_];
    if (bin.end % kChunk == 0) {
      bin.end = edges_.size();
      bin.chunks.push_back(bin.end);
      edges_.extend(kChunk);
    }
    edges_[bin.end++] = {to, from};
    size_++;
  }

  template <class Visit>
  void for_each_in(size_t bin, Visit visit) const {
    for (const uint64_t first : bins_[bin].chunks) {
      const uint64_t last = first == bins_[bin].chunks.back() ? bins_[bin].end : first + kChunk;
      for (uint64_t i = first; i < last; i++) visit(edges_[i]);
    }
  }

  uint64_t size() const { return size_; }
  size_t bins() const { return bins_.size(); }
  uint32_t shift() const { return shift_; }

 private:
  static constexpr uint32_t kMostBins = 1024;
  static constexpr uint64_t kChunk = 512;  // edges: a page of 4 KiB

  struct Bin {
    uint64_t end = 0;  // place of the next edge; of no chunk when divisible by its size
    std::vector<uint64_t> chunks;
  };

  uint32_t shift_ = 12;
  uint64_t size_ = 0;
  std::vector<Bin> bins_;
  GrowingColumn<NumberedEdge> edges_;
};

// Edges by `to`, as offsets and sources: counting within a bin stays in the cache.
class Predecessors {
 public:
  Predecessors(const EdgeBins& edges, uint32_t count) {
    require(edges.size() < kNone, "fewer than 2^32 references beside those of the search tree");
    reserve_column(offset_, size_t{count} + 1);
    reserve_column(source_, edges.size());
    source_.resize(edges.size());
    for (size_t bin = 0; bin < edges.bins(); bin++) {
      const uint64_t first = uint64_t{bin} << edges.shift();
      if (first < count) sort_bin(edges, bin, static_cast<uint32_t>(first), count);
    }
    offset_.push_back(static_cast<uint32_t>(edges.size()));
  }

  const uint32_t* begin(uint32_t number) const { return source_.data() + offset_[number]; }
  const uint32_t* end(uint32_t number) const { return source_.data() + offset_[number + 1]; }

 private:
  void sort_bin(const EdgeBins& edges, size_t bin, uint32_t first, uint32_t count) {
    next_.assign(std::min(size_t{1} << edges.shift(), size_t{count} - first), 0);
    edges.for_each_in(bin, [&](const NumberedEdge& edge) { next_[edge.to - first]++; });
    for (uint32_t& next : next_) {
      offset_.push_back(sorted_);
      sorted_ += std::exchange(next, sorted_);
    }
    edges.for_each_in(bin, [&](const NumberedEdge& edge) { source_[next_[edge.to - first]++] = edge.from; });
  }

  uint32_t sorted_ = 0;
  std::vector<uint32_t> offset_, source_, next_;
};

// Vertices by preorder number; number 0 is the virtual root, whose children are the entries.
class SemiNca {
 public:
  SemiNca(const CsrOffsets& edges, const std::vector<uint32_t>& target, const std::vector<uint32_t>& entries)
      : others_(edges.rows()) {
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
        others_.add(graph[entry].mark, 0);
      }
    }
    reserve_column(number_, edges.rows());
    for (uint32_t vertex = 0; vertex < edges.rows(); vertex++) number_.push_back(graph[vertex].mark);
  }

  Dominators run() {
    const uint32_t count = static_cast<uint32_t>(vertex_.size());
    find_semidominators(sort_others(count), count);
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
    if (mark != frame.number) others_.add(mark, frame.number);
  }

  void leave(const SearchFrame&, const SearchFrame*) {}

 private:
  Predecessors sort_others(uint32_t count) {
    const EdgeBins others = std::move(others_);  // gone when they are sorted
    return Predecessors(others, count);
  }

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
  EdgeBins others_;                        // edges that are not of the tree
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
