// Immediate dominators by Semi-NCA (L. Georgiadis, "Linear-Time Algorithms for Dominators and Related Problems", 2005,
// section 2.3): a depth-first search, semidominators with path compression, then each vertex's nearest common ancestor
// with its semidominator. O(n^2) in theory, faster than Lengauer-Tarjan on heaps (research/graph.md, 1). No recursion.
#include <algorithm>

#include "analyzer/graph/reference_graph.h"

namespace reftally {
namespace {

constexpr uint32_t kNone = 0xffffffff;

class SemiNca {
 public:
  SemiNca(const CsrOffsets& edges, const std::vector<uint32_t>& target, const std::vector<uint32_t>& entries)
      : edges_(edges), target_(target), number_(edges.rows(), kNone) {
    search(entries);
    reverse_edges();
  }

  Dominators run() {
    const uint32_t count = static_cast<uint32_t>(vertex_.size());
    semi_.resize(count);
    label_.resize(count);
    ancestor_ = parent_;
    for (uint32_t i = 0; i < count; i++) semi_[i] = label_[i] = i;
    for (uint32_t i = count; i-- > 1;) {
      for (uint64_t row = predecessors_.begin(i); row < predecessors_.end(i); row++)
        semi_[i] = std::min(semi_[i], semi_[evaluate(predecessor_[row], i)]);
      label_[i] = i;
    }
    std::vector<uint32_t> immediate(count, 0);
    for (uint32_t i = 1; i < count; i++) {
      uint32_t candidate = parent_[i];
      while (candidate > semi_[i]) candidate = immediate[candidate];
      immediate[i] = candidate;
    }
    return to_vertices(immediate);
  }

 private:
  // Numbers vertices in preorder; number 0 is the virtual root, whose children are the entries.
  void search(const std::vector<uint32_t>& entries) {
    vertex_.push_back(kNone);
    parent_.push_back(0);
    struct Frame {
      uint32_t number;
      uint64_t next;
    };
    std::vector<Frame> stack;
    auto visit = [&](uint32_t vertex, uint32_t parent) {
      number_[vertex] = static_cast<uint32_t>(vertex_.size());
      stack.push_back({number_[vertex], edges_.begin(vertex)});
      vertex_.push_back(vertex);
      parent_.push_back(parent);
    };
    for (uint32_t entry : entries) {
      if (number_[entry] != kNone) {
        extra_entries_.push_back(entry);
        continue;
      }
      visit(entry, 0);
      while (!stack.empty()) {
        Frame& top = stack.back();
        if (top.next == edges_.end(vertex_[top.number])) {
          stack.pop_back();
          continue;
        }
        const uint32_t to = target_[top.next++];
        if (number_[to] == kNone) visit(to, top.number);
      }
    }
  }

  void reverse_edges() {
    const uint32_t count = static_cast<uint32_t>(vertex_.size());
    std::vector<uint64_t>& offsets = predecessors_.offsets;
    offsets.assign(count + 1, 0);
    for_each_edge([&](uint32_t, uint32_t to) { offsets[to + 1]++; });
    for (uint32_t i = 0; i < count; i++) offsets[i + 1] += offsets[i];
    predecessor_.resize(offsets.back());
    std::vector<uint64_t> next(offsets.begin(), offsets.end() - 1);
    for_each_edge([&](uint32_t from, uint32_t to) { predecessor_[next[to]++] = from; });
  }

  template <class Visit>
  void for_each_edge(Visit visit) {
    for (uint32_t entry : extra_entries_) visit(0u, number_[entry]);
    for (uint32_t number = 1; number < vertex_.size(); number++) {
      if (parent_[number] == 0) visit(0u, number);
      const uint32_t vertex = vertex_[number];
      for (uint64_t row = edges_.begin(vertex); row < edges_.end(vertex); row++) visit(number, number_[target_[row]]);
    }
  }

  // The vertex of least semidominator on the path from `number` up to (not including) vertices not yet linked (<
  // limit).
  uint32_t evaluate(uint32_t number, uint32_t limit) {
    if (number <= limit) return number;
    path_.clear();
    uint32_t at = number;
    for (; ancestor_[at] > limit; at = ancestor_[at]) path_.push_back(at);
    for (size_t i = path_.size(); i-- > 0;) {
      const uint32_t below = path_[i], above = ancestor_[below];
      if (semi_[label_[above]] < semi_[label_[below]]) label_[below] = label_[above];
      ancestor_[below] = ancestor_[above];
    }
    return label_[number];
  }

  Dominators to_vertices(const std::vector<uint32_t>& immediate) {
    Dominators result;
    result.immediate.assign(edges_.rows(), Dominators::kUnreached);
    for (uint32_t number = 1; number < vertex_.size(); number++) {
      result.immediate[vertex_[number]] = immediate[number] == 0 ? Dominators::kRoot : vertex_[immediate[number]];
      result.preorder.push_back(vertex_[number]);
    }
    return result;
  }

  const CsrOffsets& edges_;
  const std::vector<uint32_t>& target_;
  std::vector<uint32_t> number_;           // by vertex: preorder number, from 1
  std::vector<uint32_t> vertex_, parent_;  // by number
  std::vector<uint32_t> extra_entries_;    // entries first reached from another entry
  CsrOffsets predecessors_;
  std::vector<uint32_t> predecessor_;
  std::vector<uint32_t> semi_, label_, ancestor_, path_;
};

}  // namespace

Dominators find_dominators(const CsrOffsets& edges, const std::vector<uint32_t>& target,
                           const std::vector<uint32_t>& entries) {
  return SemiNca(edges, target, entries).run();
}

std::vector<uint64_t> retained_weights(const Dominators& dominators, const std::vector<uint64_t>& weight) {
  std::vector<uint64_t> retained(weight.size(), 0);
  for (uint32_t vertex : dominators.preorder) retained[vertex] = weight[vertex];
  for (size_t i = dominators.preorder.size(); i-- > 0;) {
    const uint32_t vertex = dominators.preorder[i];
    const uint32_t above = dominators.immediate[vertex];
    if (above < Dominators::kRoot) retained[above] += retained[vertex];
  }
  return retained;
}

}  // namespace reftally
