// lingering-object: the program said that the object should be gone (expect_released), and something still owns it.
#include <fmt/format.h>

#include <map>

#include "analyzer/findings/rules.h"

namespace reftally {

void find_lingering_objects(const RuleInput& input, std::vector<Finding>& findings) {
  std::map<std::pair<TypeId, StringId>, std::vector<ObjectId>> groups;
  for (uint32_t i = 0; i < input.heap.object_count(); i++)
    if ((input.heap.flags[i] & dump::kObjectReleased) != 0 && input.reachable.ownership[i] &&
        input.heap.strong_count[i] != 0)
      groups[{input.heap.type[i], input.heap.note[i]}].push_back(ObjectId{i});
  const Rule& rule = rule_named("lingering-object");
  for (const auto& [key, objects] : groups) {
    Finding finding;
    finding.rule = rule.name;
    finding.severity = rule.severity;
    for (ObjectId object : objects) {
      finding.instances.push_back({object});
      finding.bytes += input.heap.size[index(object)];
    }
    finding.retained_bytes = finding.bytes;
    finding.objects = objects.size();
    finding.subject = objects.front();
    if (input.heap.is_counted(objects.front())) finding.account = account_of(input, objects.front());
    const RetainingPath path = find_retaining_path(input.heap, objects.front());
    finding.root = path.root;
    ObjectId from = path.root ? input.heap.roots[*path.root].to : kNoObject;
    for (uint64_t row : path.references) {
      finding.path.push_back({from, row});
      from = input.heap.referent[row];
    }
    finding.evidence.push_back(fmt::format("declared released: {}", input.heap.text(key.second)));
    findings.push_back(std::move(finding));
  }
}

}  // namespace reftally
