// Cycles of ownership that the code of one function builds, object by object, and what breaks them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analyzer/lint/objects.h"

namespace reftally::lint {

struct CycleEdge {
  Key field;                      // "*": the content of a shared_ptr to a callable
  std::string from, to;           // classes, for people
  Key from_class;                 // empty when unknown
  std::optional<StoreSite> site;  // the store that makes it, when it was seen
  Location declared;              // of the field; of the closure for "*"
  Hold hold = Hold::kStrong;
  bool is_const_target = false;
  bool is_target_held_elsewhere = false;  // by a member that is no part of the cycle: weak, this edge loses nothing
  bool is_only_holder = false;            // of an object that is made here: weak, this edge loses it at once
};

struct Break {
  Location location;
  std::string function, how;
  bool escapes = false;          // perhaps
  bool only_destructor = false;  // reached only from destructors that this cycle keeps from running
  bool by_member = false;        // in a function of one of its classes
};

struct ProvedCycle {
  std::vector<CycleEdge> edges;            // rotated: starts at its least field name
  std::vector<std::vector<Break>> breaks;  // by edge
  std::string function;                    // in which it closes
  Location closed_at;                      // the last store of it there
  uint32_t objects = 0;                    // on the heap: by-value members are not counted
  std::string id;                          // "Class::field" of its edges, sorted: what a fingerprint is made of

  bool is_broken() const;  // some edge is surely or perhaps given up somewhere
};

std::vector<ProvedCycle> prove_cycles(const Program& program, const ObjectGraphs& graphs);

}  // namespace reftally::lint
