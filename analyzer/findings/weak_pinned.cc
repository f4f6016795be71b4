// weak-pinned-storage: make_shared puts object and counts in one allocation, so a weak_ptr keeps the memory of a
// destroyed object. Worth a note only when it adds up.
#include <fmt/format.h>

#include <map>

#include "analyzer/findings/rules.h"

namespace reftally {

void find_weak_pinned_storage(const RuleInput& input, std::vector<Finding>& findings) {
  constexpr uint64_t kWorthTelling = 4096;  // bytes of one type
  std::map<TypeId, std::vector<ObjectId>> by_type;
  for (uint32_t i = 0; i < input.heap.object_count(); i++)
    if (input.heap.strong_count[i] == 0 && input.heap.weak_count[i] > 0 && input.reachable.conservative[i])
      by_type[input.heap.type[i]].push_back(ObjectId{i});
  for (const auto& [type, objects] : by_type) {
    Finding finding = finding_of_objects(input, rule_named("weak-pinned-storage"), objects);
    if (finding.bytes < kWorthTelling) continue;
    finding.evidence.push_back(fmt::format("strong count 0, weak count {}: destroyed, its memory kept",
                                           input.heap.weak_count[index(objects.front())]));
    set_path(input, finding, Follow::kAnything, objects.front());
    findings.push_back(std::move(finding));
  }
}

}  // namespace reftally
