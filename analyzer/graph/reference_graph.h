// The graph over a Heap: vertices are objects, edges are references. Columns by ObjectId, no copies of the Heap.
// Every pass here is linear in objects and references, and iterative: a chain of 100 million objects must not
// overflow a stack.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "analyzer/base/huge_pages.h"
#include "analyzer/base/zero_column.h"
#include "analyzer/heap/heap.h"

namespace reftally {

// A set of objects, one byte each (bytes beat bits: two loads less per visit, measured in research/graph).
using ObjectSet = std::vector<uint8_t>;

// Strong count explained, for every counted object (columns by ObjectId; zero for blocks).
struct Accounts {
  std::vector<int32_t> heap_references;  // strong, exact or counted, with multiplicity
  ZeroColumn<int32_t> root_references;   // strong, exact or counted
  ZeroColumn<int32_t> ambiguous;         // "strong or weak" references: part of the remainder may be theirs
  ZeroColumn<int64_t> remainder;         // strong_count minus heap and root references
  // What of the remainder must be holders we cannot see. Of n references that are "strong or weak", with w weak units
  // left, at least n - w are strong: else a stale word would make an opaque holder of a cycle's own reference.
  ZeroColumn<int64_t> opaque;
};
Accounts close_accounts(const Heap& heap);

struct Reachability {
  ObjectSet conservative;  // T1: any reference of any kind, from any root (LeakSanitizer's rule)
  ObjectSet ownership;     // T2: a counted object is entered only through a reference that can own it
};
// In `ownership`: T2 has it only because of a word of no type that leads to it.
inline constexpr uint8_t kOwnedInDoubt = 2;
// A counted object with an opaque holder that T1 reaches is held by it: T2 reaches it too.
Reachability find_reachable(const Heap& heap, const Accounts& accounts);
bool root_can_own(const Heap& heap, const HeapRoot& root);
// Of an object that some word leads to: whether somebody we cannot see holds it, or may.
inline bool may_have_unseen_holder(const Heap& heap, const Accounts& accounts, uint32_t object) {
  return accounts.opaque[object] > 0 || (heap.flags[object] & kObjectCountIsDoubtful) != 0;
}
// T2 starts from it though no root leads there.
inline bool is_held_unseen(const Heap& heap, const Accounts& accounts, const Reachability& reachable, uint32_t object) {
  return reachable.ownership[object] == kOwnedInDoubt ||
         (reachable.conservative[object] &&
          (may_have_unseen_holder(heap, accounts, object) || (heap.flags[object] & dump::kObjectImmortal) != 0));
}
// Calls visit for whatever T2 starts from.
template <class Visit>
void for_each_owned_by_nothing_seen(const Heap& heap, const Accounts& accounts, const Reachability& reachable,
                                    Visit visit) {
  for (const HeapRoot& root : heap.roots)
    if (root_can_own(heap, root)) visit(root.to);
  for (uint32_t i = 0; i < heap.object_count(); i++)
    if (is_held_unseen(heap, accounts, reachable, i)) visit(ObjectId{i});
}
// T2 as it would be if the references of some labels were weak, for up to 15 sets of labels in one search: by object,
// bit k when set k leaves it owned. It costs little more than one search, for what one of them cuts off is mostly
// reached another way.
std::vector<uint16_t> find_owned_without(const Heap& heap, const Accounts& accounts, const Reachability& reachable,
                                         std::span<const std::vector<LabelId>> weak_sets);

// Whether a reference is certain to hold one unit of its referent's count.
inline bool pays_for_count(ReferenceKind kind, Certainty certainty) {
  return kind == ReferenceKind::kStrong && certainty != Certainty::kConservative;
}

// Of an object's flags; less than 4, whatever a later version keeps in the bits above.
inline uint32_t collector_generation(uint32_t flags) { return flags >> dump::kObjectGenerationShift & 3; }

// Tracked objects (dump::kObjectTracked) that the runtime's own cycle collector would free if it ran now.
ObjectSet find_collector_garbage(const Heap& heap);

// Whether a reference can keep its referent's memory from being freed. A weak one can when the object is destroyed
// already: make_shared puts counts and object in one allocation.
inline bool can_own(const Heap& heap, uint64_t reference) {
  const ReferenceKind kind = heap.kind[reference];
  const ObjectId to = heap.referent[reference];
  if (kind == ReferenceKind::kStrong || kind == ReferenceKind::kAmbiguous) return true;
  if (kind == ReferenceKind::kWeak) return heap.strong_count[index(to)] == 0;
  return !heap.is_counted(to);
}

// Whether T2 enters the referent by it.
inline bool is_entered_by(const Heap& heap, uint64_t reference) {
  return can_own(heap, reference) || !heap.is_counted(heap.referent[reference]);
}

// The part of the graph that `members` span, with its own dense numbers and only the references that `keeps` allows.
struct Subgraph {
  std::vector<ObjectId> objects;    // by vertex
  std::vector<uint32_t> vertex_of;  // by ObjectId; kNoVertex outside
  CsrOffsets edges;
  std::vector<uint32_t> target;     // vertex
  std::vector<uint64_t> reference;  // row of Heap::referent

  static constexpr uint32_t kNoVertex = 0xffffffff;
  uint32_t size() const { return static_cast<uint32_t>(objects.size()); }
};

template <class Keeps>
Subgraph make_subgraph(const Heap& heap, const ObjectSet& members, Keeps keeps) {
  constexpr uint64_t kAhead = 32;
  const uint64_t rows = heap.referent.size();
  Subgraph graph;
  assign_column(graph.vertex_of, heap.object_count(), Subgraph::kNoVertex);
  uint64_t most_edges = 0;
  for (uint32_t i = 0; i < heap.object_count(); i++) {
    if (!members[i]) continue;
    graph.vertex_of[i] = graph.size();
    graph.objects.push_back(ObjectId{i});
    most_edges += heap.references.end(i) - heap.references.begin(i);
  }
  reserve_column(graph.edges.offsets, size_t{graph.size()} + 1);
  reserve_column(graph.target, most_edges);
  reserve_column(graph.reference, most_edges);
  for (ObjectId object : graph.objects) {
    for (uint64_t row = heap.references.begin(index(object)); row < heap.references.end(index(object)); row++) {
      if (row + kAhead < rows) __builtin_prefetch(&graph.vertex_of[index(heap.referent[row + kAhead])]);
      const uint32_t to = graph.vertex_of[index(heap.referent[row])];
      if (to == Subgraph::kNoVertex || !keeps(row)) continue;
      graph.target.push_back(to);
      graph.reference.push_back(row);
    }
    graph.edges.offsets.push_back(graph.target.size());
  }
  return graph;
}

// Strongly connected components of a graph given as CSR; numbered in reverse topological order (referents first).
struct Components {
  std::vector<uint32_t> component;  // by vertex
  uint32_t count = 0;
};
Components find_components(const CsrOffsets& edges, const std::vector<uint32_t>& target);

// Immediate dominators from `entries` (below a virtual root), Semi-NCA of Georgiadis (2005).
struct Dominators {
  static constexpr uint32_t kRoot = 0xfffffffe, kUnreached = 0xffffffff;
  std::vector<uint32_t> immediate;  // by vertex; kRoot: only the virtual root dominates it
  std::vector<uint32_t> preorder;   // reached vertices in depth-first order, dominators first; at 0 the virtual root
  std::vector<uint32_t> above;      // by place in preorder: the immediate dominator's place
};
Dominators find_dominators(const CsrOffsets& edges, const std::vector<uint32_t>& target,
                           const std::vector<uint32_t>& entries);
// References that can own, among `members`, by ObjectId: for passes over most of the heap, which need no numbers of
// their own.
struct OwningGraph {
  CsrOffsets edges;
  std::vector<uint32_t> target;
};
OwningGraph make_owning_graph(const Heap& heap, const ObjectSet& members);
// Of what owners reach, by ObjectId, below the roots and whatever has a holder that nobody sees.
Dominators find_owned_dominators(const Heap& heap, const Accounts& accounts, const ObjectSet& owned);
// Sum of `weight` over each dominator subtree.
std::vector<uint64_t> retained_weights(const Dominators& dominators, const std::vector<uint64_t>& weight);

}  // namespace reftally
