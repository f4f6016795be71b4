#include "analyzer/graph/reference_graph.h"

namespace reftally {
namespace {

bool pays(ReferenceKind kind, Certainty certainty) {
  return kind == ReferenceKind::kStrong && certainty != Certainty::kConservative;
}

}  // namespace

Accounts close_accounts(const Heap& heap) {
  const uint32_t objects = heap.object_count();
  Accounts accounts;
  accounts.heap_references.assign(objects, 0);
  accounts.root_references.assign(objects, 0);
  accounts.ambiguous.assign(objects, 0);
  accounts.remainder.assign(objects, 0);
  for (uint64_t row = 0; row < heap.referent.size(); row++) {
    if (pays(heap.kind[row], heap.certainty[row])) accounts.heap_references[index(heap.referent[row])]++;
    if (heap.kind[row] == ReferenceKind::kAmbiguous) accounts.ambiguous[index(heap.referent[row])]++;
  }
  for (const HeapRoot& root : heap.roots)
    if (pays(root.reference, root.certainty)) accounts.root_references[index(root.to)]++;
  for (uint32_t i = 0; i < objects; i++) {
    if (!heap.is_counted(ObjectId{i})) {
      accounts.heap_references[i] = accounts.root_references[i] = 0;
      continue;
    }
    accounts.remainder[i] = heap.strong_count[i] - accounts.heap_references[i] - accounts.root_references[i];
  }
  return accounts;
}

}  // namespace reftally
