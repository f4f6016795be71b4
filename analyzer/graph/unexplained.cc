#include "analyzer/graph/unexplained.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "analyzer/base/huge_pages.h"

namespace reftally {
namespace {

UnexplainedCause cause_of(const HeapRoot& root) {
  if (root.reference == ReferenceKind::kRaw) return UnexplainedCause::kAddressInRoots;
  const bool on_stack = root.kind == RootKind::kStack || root.kind == RootKind::kRegister;
  return on_stack ? UnexplainedCause::kUncertainStack : UnexplainedCause::kUncertainElsewhere;
}

bool may_hold(ReferenceKind kind, Certainty certainty) {
  return kind == ReferenceKind::kAmbiguous || kind == ReferenceKind::kRaw ||
         (kind == ReferenceKind::kStrong && certainty == Certainty::kConservative);
}

// By object; kNoWord where no word points.
std::vector<UnexplainedCause> nearest_causes(const Heap& heap) {
  std::vector<UnexplainedCause> nearest = filled_column(heap.object_count(), UnexplainedCause::kNoWord);
  auto meet = [&](ObjectId object, UnexplainedCause cause) {
    nearest[index(object)] = std::min(nearest[index(object)], cause);
  };
  for (uint64_t row = 0; row < heap.referent.size(); row++) {
    if (!may_hold(heap.kind[row], heap.certainty[row])) continue;
    meet(heap.referent[row],
         heap.kind[row] == ReferenceKind::kRaw ? UnexplainedCause::kAddressInHeap : UnexplainedCause::kUncertainWord);
  }
  for (const HeapRoot& root : heap.roots)
    if (may_hold(root.reference, root.certainty)) meet(root.to, cause_of(root));
  return nearest;
}

}  // namespace

std::vector<Unexplained> find_unexplained(const Heap& heap, const Accounts& accounts) {
  const std::vector<UnexplainedCause> nearest = nearest_causes(heap);
  std::map<std::pair<TypeId, UnexplainedCause>, Unexplained> rows;
  for (uint32_t i = 0; i < heap.object_count(); i++) {
    const int64_t remainder = accounts.remainder[i];
    if (remainder == 0 || (heap.flags[i] & dump::kObjectImmortal) != 0) continue;
    const UnexplainedCause cause = remainder < 0 ? UnexplainedCause::kOverpaid : nearest[i];
    Unexplained& row =
        rows.try_emplace({heap.type[i], cause}, Unexplained{heap.type[i], cause, 0, 0, ObjectId{i}}).first->second;
    row.objects++;
    row.units += static_cast<uint64_t>(std::abs(remainder));
  }
  std::vector<Unexplained> sorted;
  for (const auto& [key, row] : rows) sorted.push_back(row);
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Unexplained& a, const Unexplained& b) { return a.objects > b.objects; });
  return sorted;
}

}  // namespace reftally
