// A part of the heap that should be dead, as strongly connected components: what the cycle and leak rules read.
#pragma once

#include <cstdint>
#include <vector>

#include "analyzer/findings/finding.h"
#include "analyzer/graph/reference_graph.h"

namespace reftally {

// Vertices are the members; edges are the references among them that can own. Components are condensed to a directed
// acyclic graph; what a component retains is its subtree in the dominator forest below the components that start a
// finding, so a byte is never counted under two findings.
class EvidenceGraph {
 public:
  EvidenceGraph(const Heap& heap, const Accounts& accounts, const ObjectSet& members);

  const Subgraph& graph() const { return graph_; }
  const Components& components() const { return components_; }
  uint32_t component_count() const { return components_.count; }
  std::vector<ObjectId> objects_of(uint32_t component) const;

  bool is_cycle(uint32_t component) const { return cyclic_[component]; }  // with a counted object in it
  bool has_referrer(uint32_t component) const { return referred_[component]; }
  bool starts_finding(uint32_t component) const { return starts_[component]; }
  // References of its counted object that nobody can be named for; only for components of one object.
  int64_t lost_references(uint32_t component) const;
  uint64_t retained_bytes(uint32_t component) const { return retained_bytes_[component]; }
  uint64_t retained_objects(uint32_t component) const { return retained_objects_[component]; }

 private:
  void group_members();
  void find_cycles();
  void condense();
  void find_retained();

  const Heap& heap_;
  const Accounts& accounts_;
  Subgraph graph_;
  Components components_;
  CsrOffsets members_;  // component -> vertices
  std::vector<uint32_t> member_;
  std::vector<uint8_t> cyclic_, referred_, starts_;
  CsrOffsets condensed_;
  std::vector<uint32_t> condensed_target_;
  std::vector<uint64_t> retained_bytes_, retained_objects_;
};

}  // namespace reftally
