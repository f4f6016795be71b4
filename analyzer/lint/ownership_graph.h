// Who may own whom by type. Three nodes a class, so that inheritance alone makes no cycle and a reference to a base
// may mean any class derived from it:
//   R(C) a reference to C  ->  O(C) an object of class C, and R(D) of each class D that derives from C directly
//   O(C)                   ->  L(C) the members that C declares
//   L(C)                   ->  L(base of C), L(class of a member by value), R(class of a member that owns it)
// A std::function member refers to whatever closures stored in it were seen to capture.
#pragma once

#include <iosfwd>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "analyzer/lint/objects.h"

namespace reftally::lint {

struct OwnershipStep {
  Key field;  // empty: inheritance, no member
  Hold hold = Hold::kStrong;
  const StoreSite* site = nullptr;  // of a captured reference
  uint32_t to = 0;                  // node
};

class OwnershipGraph {
 public:
  OwnershipGraph(const Program& program, const ObjectGraphs& graphs);

  // The fewest members that lead from an object of class `from` to the members declared by `to`. Only members that
  // something is stored in count: others cannot close a cycle. Empty when there is no way; `from` itself is no way.
  std::vector<OwnershipStep> way(const Key& from, const Key& to) const;

  bool is_stored(const Key& field) const { return stored_.count(field) > 0; }

  // Classes that may own themselves through others, by type: each strongly connected component with a member in it
  // that counts, as records sorted by name.
  std::vector<std::vector<const RecordFact*>> cyclic_components() const;
  // One shortest cycle through the members of this class; empty when it is on none.
  std::vector<OwnershipStep> cycle_of(const RecordFact& record) const;

  // What is within `depth` members of this class, in GraphViz's language; members in a cycle are red.
  void write_dot(const RecordFact& record, unsigned depth, std::ostream& out) const;

 private:
  enum Part : uint32_t { kReference = 0, kObject = 1, kMembers = 2 };
  uint32_t node(const Key& record, Part part) const;
  std::vector<OwnershipStep> search(uint32_t from, uint32_t to, bool only_stored) const;
  std::vector<uint32_t> components() const;

  const Program& program_;
  std::unordered_map<Key, uint32_t> class_ids_;
  std::vector<std::vector<OwnershipStep>> steps_;  // by node
  std::unordered_map<Key, bool> stored_;
};

}  // namespace reftally::lint
