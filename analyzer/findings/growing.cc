// growing-path: a place that held more in every snapshot. All it holds is alive; it is a registry that nobody leaves, a
// cache without bound.
#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "analyzer/findings/growth.h"
#include "analyzer/findings/rules.h"

namespace reftally {
namespace {

// The objects at each of the growing places, in the order of the search.
std::unordered_map<uint64_t, std::vector<ObjectId>> objects_at(const RuleInput& input,
                                                               const std::vector<GrowingPath>& growing) {
  std::unordered_map<uint64_t, std::vector<ObjectId>> objects;
  for (const GrowingPath& path : growing)
    if (path.storage == LabelId{}) objects.try_emplace(path.signature);
  const std::vector<uint64_t> signature = input.paths.signatures(Follow::kOwners);
  input.paths.for_each_held(Follow::kOwners, [&](ObjectId object, ObjectId, uint64_t) {
    if (const auto found = objects.find(signature[index(object)]); found != objects.end())
      found->second.push_back(object);
  });
  return objects;
}

}  // namespace

void find_growth(const RuleInput& input, std::vector<Finding>& findings) {
  if (input.before.size() < 2) return;
  const HeapCensus now = take_census(input.heap, input.paths);
  std::vector<const HeapCensus*> censuses;
  for (const HeapCensus& census : input.before) censuses.push_back(&census);
  censuses.push_back(&now);
  const std::vector<GrowingPath> growing = find_growing_paths(censuses);
  const auto objects = objects_at(input, growing);
  for (const GrowingPath& path : growing) {
    const bool is_storage = path.storage != LabelId{};
    auto held = is_storage ? std::vector<ObjectId>{path.example} : objects.at(path.signature);
    std::iter_swap(held.begin(), std::find(held.begin(), held.end(), path.example));  // the subject
    Finding finding = finding_of_objects(input, rule_named("growing-path"), held);
    finding.held_before = path.counts;
    finding.storage = path.storage;
    finding.grown_bytes = path.bytes;
    set_path(input, finding, Follow::kOwners, path.example);
    if (!path.threads.empty())
      finding.evidence.push_back(
          fmt::format("calls of ever more threads hold them: {} threads", fmt::join(path.threads, " -> ")));
    if (is_storage) finding.bytes = finding.retained_bytes = path.counts.back();
    findings.push_back(std::move(finding));
  }
}

}  // namespace reftally
