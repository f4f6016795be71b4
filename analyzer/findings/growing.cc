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

const HeapLabel& label_of(const RuleInput& input, const PathStep& step) {
  return input.heap.labels[index(input.heap.label[step.reference])];
}

// CPython's lru_cache(maxsize=…) and deque(maxlen=…) say so by the name of their references.
bool is_in_bounded(const RuleInput& input, const Finding& finding, std::string_view member) {
  return std::any_of(finding.path.begin(), finding.path.end(), [&](const PathStep& step) {
    return input.heap.text(label_of(input, step).path).find(member) != std::string_view::npos;
  });
}

// What has a bound is a note, with the reason.
void judge_bound(const RuleInput& input, Finding& finding) {
  const char* what = is_in_bounded(input, finding, "bounded cache[")   ? "the cache has a bound (maxsize)"
                     : is_in_bounded(input, finding, "bounded items[") ? "the deque has a bound (maxlen)"
                                                                       : nullptr;
  if (what == nullptr) return;
  finding.severity = Severity::kNote;
  finding.evidence.push_back(fmt::format("{}: it fills up to that, and keeps what it has till then", what));
}

// CPython: WeakSet, WeakKeyDictionary, WeakValueDictionary and the list of a class's subclasses. They take out what is
// gone by themselves: what holds the rest, or that the collector has not looked yet, is the reason, wherever that is.
bool is_of_weak_container(const RuleInput& input, const Finding& finding) {
  if (!finding.subject || finding.path.size() < 2) return false;
  if (!is_weak_reference(input.heap.type_name(*finding.subject))) return false;
  const HeapLabel& label = label_of(input, finding.path[finding.path.size() - 2]);
  const std::string_view owner = input.heap.text(label.owner), member = input.heap.text(label.path);
  return member == "__subclasses__" ||
         (member == "data" && (owner.starts_with("_weakrefset.Weak") || owner.starts_with("weakref.Weak")));
}

// Of a runtime with an allocator of its own: blocks that words of its arenas lead to, and no object. A freed object
// still says what it held, and malloc has used that again since; nobody can act on such a place.
bool is_of_freed_memory(const RuleInput& input, const Finding& finding) {
  if (!input.has_collector || !finding.root || !finding.subject || is_declared(input.heap, *finding.subject))
    return false;
  return input.heap.roots[*finding.root].kind == RootKind::kExternal && finding.path.empty();
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
    if (is_of_freed_memory(input, finding) || is_of_weak_container(input, finding)) continue;
    judge_bound(input, finding);
    if (!path.threads.empty())
      finding.evidence.push_back(
          fmt::format("calls of ever more threads hold them: {} threads", fmt::join(path.threads, " -> ")));
    if (is_storage) finding.bytes = finding.retained_bytes = path.counts.back();
    findings.push_back(std::move(finding));
  }
}

}  // namespace reftally
