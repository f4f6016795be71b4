// lingering-object: the program said that the object should be gone (expect_released), and something still owns it.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "analyzer/findings/rules.h"

namespace reftally {
namespace {

// Nearest to a root first, then those whose holder cannot be seen, eldest first.
std::vector<ObjectId> lingering_objects(const RuleInput& input) {
  ObjectSet lingers(input.heap.object_count(), 0);
  std::vector<ObjectId> unseen, objects;
  for (uint32_t i = 0; i < input.heap.object_count(); i++) {
    lingers[i] = (input.heap.flags[i] & dump::kObjectReleased) != 0 && input.reachable.ownership[i] &&
                 input.heap.strong_count[i] != 0;
    if (lingers[i]) unseen.push_back(ObjectId{i});
  }
  if (unseen.empty()) return {};
  input.paths.for_each_held(Follow::kOwners, [&](ObjectId object, ObjectId, uint64_t) {
    if (!lingers[index(object)]) return;
    objects.push_back(object);
    lingers[index(object)] = 0;
  });
  std::erase_if(unseen, [&](ObjectId object) { return !lingers[index(object)]; });
  std::stable_sort(unseen.begin(), unseen.end(), [&](ObjectId a, ObjectId b) {
    return input.heap.birth_order[index(a)] < input.heap.birth_order[index(b)];
  });
  objects.insert(objects.end(), unseen.begin(), unseen.end());
  return objects;
}

}  // namespace

void find_lingering_objects(const RuleInput& input, std::vector<Finding>& findings) {
  const std::vector<ObjectId> lingering = lingering_objects(input);
  if (lingering.empty()) return;
  const std::vector<uint64_t> held_by = input.paths.signatures(Follow::kOwners);
  std::map<std::tuple<TypeId, StringId, uint64_t>, std::vector<ObjectId>> groups;
  for (ObjectId object : lingering)
    groups[{input.heap.type[index(object)], input.heap.note[index(object)], held_by[index(object)]}].push_back(object);
  for (const auto& [key, objects] : groups) {
    Finding finding = finding_of_objects(input, rule_named("lingering-object"), objects);
    set_path(input, finding, Follow::kOwners, objects.front());
    finding.evidence.push_back(fmt::format("declared released: {}", input.heap.text(std::get<StringId>(key))));
    if (!finding.root) finding.evidence.push_back("its holder cannot be seen: no reference explains its count");
    findings.push_back(std::move(finding));
  }
}

}  // namespace reftally
