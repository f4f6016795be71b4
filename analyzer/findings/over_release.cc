// over-release: exact references exceed the count. Only references known by type speak here; a stale word never does.
#include <fmt/format.h>

#include <map>

#include "analyzer/findings/rules.h"

namespace reftally {
namespace {

// A release lowers the count first and destroys then, while the pointers that go are still there. Whoever destroys has
// the object, or what holds it, as `this` of a call that has not returned. Not so in Python: there a pointer goes
// before its count.
ObjectSet find_in_destruction(const Heap& heap) {
  ObjectSet result(heap.object_count(), 0);
  const auto is_native = [&](uint32_t i) {
    return heap.flavour[i] != FlavourId::kPython && heap.flavour[i] != FlavourId::kDeclared;
  };
  for (const HeapRoot& root : heap.roots) {
    const bool runs = heap.text(root.name).ends_with("(): this");
    if (runs && root.reference == ReferenceKind::kRaw) result[index(root.to)] = is_native(index(root.to));
  }
  for (uint32_t i = 0; i < heap.object_count(); i++)
    if (heap.is_counted(ObjectId{i}) && heap.strong_count[i] == 0 && is_native(i)) result[i] = 1;
  return result;
}

std::vector<int32_t> count_exact_references(const Heap& heap, const ObjectSet& in_destruction) {
  std::vector<int32_t> exact(heap.object_count(), 0);
  for (uint32_t from = 0; from < heap.object_count(); from++) {
    if (in_destruction[from]) continue;
    for (uint64_t row = heap.references.begin(from); row < heap.references.end(from); row++)
      if (heap.kind[row] == ReferenceKind::kStrong && heap.certainty[row] == Certainty::kExact)
        exact[index(heap.referent[row])]++;
  }
  for (const HeapRoot& root : heap.roots)
    if (root.reference == ReferenceKind::kStrong && root.certainty == Certainty::kExact) exact[index(root.to)]++;
  return exact;
}

}  // namespace

void find_over_releases(const RuleInput& input, std::vector<Finding>& findings) {
  const ObjectSet in_destruction = find_in_destruction(input.heap);
  const std::vector<int32_t> exact = count_exact_references(input.heap, in_destruction);
  std::map<TypeId, std::vector<ObjectId>> by_type;
  for (uint32_t i = 0; i < input.heap.object_count(); i++) {
    // What is unreachable may be half destroyed: only live holders can use what was freed.
    if (!input.heap.has_account(ObjectId{i}) || !input.reachable.ownership[i]) continue;
    if ((input.heap.flags[i] & kObjectCountIsDoubtful) != 0) continue;  // its count may not be one of owners
    if (exact[i] > input.heap.strong_count[i] && !in_destruction[i]) by_type[input.heap.type[i]].push_back(ObjectId{i});
  }
  for (const auto& [type, objects] : by_type) {
    Finding finding = finding_of_objects(input, rule_named("over-release"), objects);
    finding.evidence.push_back(fmt::format("strong count {}, but {} references are known by type",
                                           finding.account.strong_count, exact[index(objects.front())]));
    findings.push_back(std::move(finding));
  }
}

}  // namespace reftally
