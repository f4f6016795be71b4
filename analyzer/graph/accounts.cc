#include <algorithm>

#include "analyzer/base/huge_pages.h"
#include "analyzer/graph/reference_graph.h"

namespace reftally {
namespace {

// Calls count(row) for each reference, with the referent's place in `column` on its way.
template <class Column, class Count>
void for_each_reference(const Heap& heap, const Column& column, Count count) {
  constexpr uint64_t kAhead = 48;
  const uint64_t rows = heap.referent.size();
  for (uint64_t row = 0; row < rows; row++) {
    if (row + kAhead < rows) __builtin_prefetch(&column[index(heap.referent[row + kAhead])], 1);
    count(row);
  }
}

// Heap references that may be strong or weak, less the weak units nothing else takes: these are strong for certain. Not
// so where the count stands inside: there a word may be a pointer that counts nothing.
std::vector<int64_t> strong_among_ambiguous(const Heap& heap, const ZeroColumn<int32_t>& ambiguous) {
  std::vector<int64_t> weak(heap.weak_count), strong(ambiguous.begin(), ambiguous.end());
  for_each_reference(heap, weak, [&](uint64_t row) {
    if (heap.kind[row] == ReferenceKind::kWeak) weak[index(heap.referent[row])]--;
  });
  for (uint32_t i = 0; i < heap.object_count(); i++)
    strong[i] = counts_inside(heap.flavour[i]) ? 0 : std::max<int64_t>(0, strong[i] - std::max<int64_t>(0, weak[i]));
  return strong;
}

}  // namespace

Accounts close_accounts(const Heap& heap) {
  const uint32_t objects = heap.object_count();
  Accounts accounts;
  assign_column(accounts.heap_references, objects, int32_t{0});
  accounts.root_references = ZeroColumn<int32_t>(objects);
  accounts.ambiguous = ZeroColumn<int32_t>(objects);
  accounts.remainder = ZeroColumn<int64_t>(objects);
  accounts.opaque = ZeroColumn<int64_t>(objects);
  bool any_ambiguous = false;
  for_each_reference(heap, accounts.heap_references, [&](uint64_t row) {
    if (pays_for_count(heap.kind[row], heap.certainty[row])) accounts.heap_references[index(heap.referent[row])]++;
    if (heap.kind[row] != ReferenceKind::kAmbiguous) return;
    accounts.ambiguous[index(heap.referent[row])]++;
    any_ambiguous = true;
  });
  for (const HeapRoot& root : heap.roots)
    if (pays_for_count(root.reference, root.certainty)) accounts.root_references[index(root.to)]++;
  std::vector<int64_t> strong;  // none: no reference is ambiguous
  if (any_ambiguous) strong = strong_among_ambiguous(heap, accounts.ambiguous);
  for (uint32_t i = 0; i < objects; i++) {
    if (!heap.has_account(ObjectId{i})) {
      accounts.heap_references[i] = 0;
      accounts.root_references.set(i, 0);
      continue;
    }
    const int64_t remainder = heap.strong_count[i] - accounts.heap_references[i] - accounts.root_references[i];
    accounts.remainder.set(i, remainder);
    accounts.opaque.set(i, std::max<int64_t>(0, remainder - (any_ambiguous ? strong[i] : 0)));
  }
  return accounts;
}

}  // namespace reftally
