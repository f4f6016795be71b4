// over-release: exact references exceed the count. Only references known by type speak here; a stale word never does.
#include <fmt/format.h>

#include <map>

#include "analyzer/base/huge_pages.h"
#include "analyzer/findings/rules.h"

namespace reftally {
namespace {

// A release lowers the count first and destroys then, while the pointer that goes is still there: whoever destroys has
// the object, or what holds it, in hand (qpdf: the elements of a vector). Not so in Python: there a pointer goes before
// its count.
bool may_be_half_destroyed(const Heap& heap, uint32_t i) {
  if (heap.flavour[i] == FlavourId::kPython) return false;
  const bool is_dying = heap.is_counted(ObjectId{i}) && heap.strong_count[i] == 0;
  return is_dying || (heap.flags[i] & kObjectInHand) != 0;
}

// A shared_ptr that has been destroyed keeps its words.
bool may_be_half_destroyed(const Heap& heap, const HeapRoot& root) {
  return root.in_hand || (heap.is_exiting && (root.kind == RootKind::kStatic || root.kind == RootKind::kThreadLocal));
}

std::vector<int32_t> count_exact_references(const Heap& heap) {
  std::vector<int32_t> exact = filled_column(heap.object_count(), int32_t{0});
  for (uint32_t from = 0; from < heap.object_count(); from++) {
    if (may_be_half_destroyed(heap, from)) continue;
    for (uint64_t row = heap.references.begin(from); row < heap.references.end(from); row++)
      if (heap.kind[row] == ReferenceKind::kStrong && heap.certainty[row] == Certainty::kExact)
        exact[index(heap.referent[row])]++;
  }
  for (const HeapRoot& root : heap.roots)
    if (root.reference == ReferenceKind::kStrong && root.certainty == Certainty::kExact &&
        !may_be_half_destroyed(heap, root))
      exact[index(root.to)]++;
  return exact;
}

}  // namespace

void find_over_releases(const RuleInput& input, std::vector<Finding>& findings) {
  const std::vector<int32_t> exact = count_exact_references(input.heap);
  std::map<TypeId, std::vector<ObjectId>> by_type;
  for (uint32_t i = 0; i < input.heap.object_count(); i++) {
    // What is unreachable may be half destroyed: only live holders can use what was freed.
    if (!input.heap.has_account(ObjectId{i}) || !input.reachable.ownership[i]) continue;
    if ((input.heap.flags[i] & kObjectCountIsDoubtful) != 0) continue;  // its count may not be one of owners
    if (exact[i] > input.heap.strong_count[i] && !may_be_half_destroyed(input.heap, i))
      by_type[input.heap.type[i]].push_back(ObjectId{i});
  }
  for (const auto& [type, objects] : by_type) {
    Finding finding = finding_of_objects(input, rule_named("over-release"), objects);
    finding.evidence.push_back(fmt::format("strong count {}, but {} references are known by type",
                                           finding.account.strong_count, exact[index(objects.front())]));
    findings.push_back(std::move(finding));
  }
}

}  // namespace reftally
