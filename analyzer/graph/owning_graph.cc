#include "analyzer/base/huge_pages.h"
#include "analyzer/graph/reference_graph.h"

namespace reftally {

OwningGraph make_owning_graph(const Heap& heap, const ObjectSet& members) {
  constexpr uint64_t kAhead = 32;
  const uint64_t rows = heap.referent.size();
  OwningGraph graph;
  reserve_column(graph.edges.offsets, size_t{heap.object_count()} + 1);
  reserve_column(graph.target, rows);
  for (uint32_t from = 0; from < heap.object_count(); from++) {
    if (members[from]) {
      for (uint64_t row = heap.references.begin(from); row < heap.references.end(from); row++) {
        if (row + kAhead < rows) __builtin_prefetch(&members[index(heap.referent[row + kAhead])]);
        const uint32_t to = index(heap.referent[row]);
        if (members[to] && can_own(heap, row)) graph.target.push_back(to);
      }
    }
    graph.edges.offsets.push_back(graph.target.size());
  }
  return graph;
}

Dominators find_owned_dominators(const Heap& heap, const Accounts& accounts, const ObjectSet& owned) {
  const OwningGraph graph = make_owning_graph(heap, owned);
  std::vector<uint32_t> entries;
  for (const HeapRoot& root : heap.roots)
    if (owned[index(root.to)]) entries.push_back(index(root.to));
  for (uint32_t i = 0; i < heap.object_count(); i++)
    if (owned[i] == kOwnedInDoubt ||
        (owned[i] && (may_have_unseen_holder(heap, accounts, i) || (heap.flags[i] & dump::kObjectImmortal) != 0)))
      entries.push_back(i);
  return find_dominators(graph.edges, graph.target, entries);
}

}  // namespace reftally
