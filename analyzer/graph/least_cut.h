// What would free some objects: the fewest places that, cleared, leave no root that owns them.
//
// A place is a member, the same for all objects that are held in the same way (RetainingPaths::signatures), or a root's
// name. Between the roots and the objects these places are a graph in which every way of owning them is a path; so a
// least cut of it (L. R. Ford, D. R. Fulkerson, Maximal flow through a network, 1956; shortest augmenting paths: J.
// Edmonds, R. M. Karp, 1972) frees them all. Since places stand for many references, a few references less might do.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "analyzer/graph/reference_graph.h"
#include "analyzer/graph/retaining_path.h"

namespace reftally {

struct CutPlace {
  std::optional<uint64_t> reference;  // one of them, row of Heap::referent
  std::optional<uint32_t> root;       // or row of Heap::roots
  uint64_t count = 0;                 // references, or roots
  uint64_t holders = 0;               // objects that have these references
};

struct LeastCut {
  std::vector<CutPlace> places;  // nearest to the objects, where there is a choice; most references first
  bool is_complete = true;       // false: it takes more than kMostPlaces, and there are none
  uint64_t freed_objects = 0, freed_bytes = 0;  // the objects, and whatever they alone own
  uint64_t stay = 0;  // of the objects: something holds them, or what owns them, that nobody sees

  static constexpr size_t kMostPlaces = 64;
};

// `objects` that no root owns are left out.
LeastCut find_least_cut(const Heap& heap, const Accounts& accounts, const Reachability& reachable,
                        RetainingPaths& paths, std::span<const ObjectId> objects);

}  // namespace reftally
