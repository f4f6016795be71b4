// A part of the heap that should be dead, as strongly connected components: what the cycle and leak rules read.
#pragma once

#include <cstdint>
#include <vector>

#include "analyzer/findings/finding.h"
#include "analyzer/graph/reference_graph.h"

namespace reftally {

// Vertices are the members; edges are the references among them that keep the referent from going away.
class EvidenceGraph {
 public:
  EvidenceGraph(const Heap& heap, const Accounts& accounts, const ObjectSet& members);

  const Subgraph& graph() const { return graph_; }
  const Components& components() const { return components_; }
  uint32_t component_count() const { return components_.count; }
  uint32_t component_of(ObjectId object) const;  // kNoComponent when not a member
  std::span<const uint32_t> vertices_of(uint32_t component) const { return members_.slice(member_, component); }
  std::vector<ObjectId> objects_of(uint32_t component) const;
  // The object that stands for a component, the same in every run: of the least type name, then the eldest.
  ObjectId representative(uint32_t component) const;

  // With a counted object in it, and certain to be one where something else that is dead may hold it.
  bool is_cycle(uint32_t component) const { return cyclic_[component]; }
  bool has_referrer(uint32_t component) const { return referred_[component]; }
  // Whether nothing else that is dead explains the component: a cycle, a head, or an object with a lost reference.
  bool starts_finding(uint32_t component) const;
  // References to its counted object that nobody can be named for; only for components of one object.
  int64_t lost_references(uint32_t component) const;

  struct Retained {
    uint64_t bytes = 0, objects = 0;  // the group itself included
  };
  // What would go away with all components of a group, for groups that share none. A byte that two groups hold, or a
  // group and a component of none, is retained by neither.
  std::vector<Retained> retained_by(const std::vector<std::vector<uint32_t>>& groups) const;

  static constexpr uint32_t kNoComponent = 0xffffffff;

 private:
  void group_members();
  std::vector<uint8_t> find_cyclic(bool with_ambiguous) const;
  void condense();
  void drop_uncertain_cycles();
  bool holds_itself(uint32_t component) const;
  int64_t spare_words(uint32_t vertex) const;
  bool may_pay(uint64_t row) const;

  const Heap& heap_;
  const Accounts& accounts_;
  Subgraph graph_;
  Components components_;
  CsrOffsets members_;  // component -> vertices
  std::vector<uint32_t> member_;
  std::vector<uint8_t> cyclic_, referred_;
  std::vector<uint32_t> in_degree_;  // by vertex: references that can own it
  CsrOffsets condensed_;             // component -> components
  std::vector<uint32_t> condensed_target_;
};

}  // namespace reftally
