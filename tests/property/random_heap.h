// Small random heaps: objects and blocks, references of every kind and certainty, roots, counts that mostly add up.
#pragma once

#include <random>

#include "analyzer/graph/reference_graph.h"
#include "analyzer/heap/heap.h"

namespace reftally {

using Random = std::mt19937;

// A heap before it is built, so that it can be built again with its objects in another order.
struct RandomHeap {
  std::vector<HeapBuilder::Object> objects;
  std::vector<int> type;  // by object
  struct Reference {
    uint32_t from, to;
    int label;
    ReferenceKind kind;
    Certainty certainty;
  };
  std::vector<Reference> references;
  struct Root {
    uint32_t to;
    RootKind kind;
    ReferenceKind reference;
    Certainty certainty;
  };
  std::vector<Root> roots;

  explicit RandomHeap(Random& random);

  // Object i becomes place[i]; addresses follow the places.
  Heap build(const std::vector<uint32_t>& place) const;
  Heap build() const;

 private:
  bool take_back_references_of_the_destroyed();
};

}  // namespace reftally
