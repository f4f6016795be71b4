#include <algorithm>

#include "analyzer/graph/reference_graph.h"

namespace reftally {
namespace {

// Heap references that may be strong or weak, less the weak units nothing else takes: these are strong for certain.
std::vector<int64_t> strong_among_ambiguous(const Heap& heap) {
  std::vector<int64_t> ambiguous(heap.object_count(), 0), weak(heap.weak_count);
  for (uint64_t row = 0; row < heap.referent.size(); row++) {
    if (heap.kind[row] == ReferenceKind::kAmbiguous) ambiguous[index(heap.referent[row])]++;
    if (heap.kind[row] == ReferenceKind::kWeak) weak[index(heap.referent[row])]--;
  }
  for (uint32_t i = 0; i < heap.object_count(); i++)
    ambiguous[i] = std::max<int64_t>(0, ambiguous[i] - std::max<int64_t>(0, weak[i]));
  return ambiguous;
}

}  // namespace

Accounts close_accounts(const Heap& heap) {
  const uint32_t objects = heap.object_count();
  Accounts accounts;
  accounts.heap_references.assign(objects, 0);
  accounts.root_references.assign(objects, 0);
  accounts.ambiguous.assign(objects, 0);
  accounts.remainder.assign(objects, 0);
  accounts.opaque.assign(objects, 0);
  for (uint64_t row = 0; row < heap.referent.size(); row++) {
    if (pays_for_count(heap.kind[row], heap.certainty[row])) accounts.heap_references[index(heap.referent[row])]++;
    if (heap.kind[row] == ReferenceKind::kAmbiguous) accounts.ambiguous[index(heap.referent[row])]++;
  }
  for (const HeapRoot& root : heap.roots)
    if (pays_for_count(root.reference, root.certainty)) accounts.root_references[index(root.to)]++;
  const std::vector<int64_t> ambiguous = strong_among_ambiguous(heap);
  for (uint32_t i = 0; i < objects; i++) {
    if (!heap.has_account(ObjectId{i})) {
      accounts.heap_references[i] = accounts.root_references[i] = 0;
      continue;
    }
    accounts.remainder[i] = heap.strong_count[i] - accounts.heap_references[i] - accounts.root_references[i];
    accounts.opaque[i] = std::max<int64_t>(0, accounts.remainder[i] - ambiguous[i]);
  }
  return accounts;
}

}  // namespace reftally
