// growing-path: a place that held more in every snapshot. All it holds is alive; it is a registry that nobody leaves, a
// cache without bound.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>

#include "analyzer/findings/growth.h"
#include "analyzer/findings/rules.h"

namespace reftally {
namespace {

struct Place {
  std::vector<ObjectId> objects;                          // in the order of the search
  std::vector<std::pair<std::string, uint64_t>> classes;  // of what hangs below, nearest first
  Place* leader = nullptr;                                // which tells of this one: its objects refer to these
  std::map<std::string_view, size_t> followers;           // of a leader: objects by type
};

struct Places {
  std::unordered_map<uint64_t, Place> by_signature;
  std::vector<const Place*> above;  // by object: the place at or below which it hangs, or nullptr
};

// "tuple", "method" and "dict" are in every program; of a Python program's own is what has a module.
bool is_class_of_program(std::string_view type) {
  return type.find('.') != type.npos && !type.starts_with("type ") && !type.starts_with("module ") &&
         !is_weak_reference(type);
}

void count_class(Place& place, std::string_view type) {
  constexpr size_t kNearest = 8;
  const auto row =
      std::find_if(place.classes.begin(), place.classes.end(), [&](const auto& r) { return r.first == type; });
  if (row != place.classes.end())
    row->second++;
  else if (place.classes.size() < kNearest)
    place.classes.emplace_back(type, 1);
}

Places growing_places(const RuleInput& input, const std::vector<GrowingPath>& growing) {
  Places places;
  for (const GrowingPath& path : growing)
    if (path.storage == LabelId{}) places.by_signature.try_emplace(path.signature);
  const std::vector<uint64_t> signature = input.paths.signatures(Follow::kOwners);
  std::vector<Place*> above(input.heap.object_count(), nullptr);
  input.paths.for_each_held(Follow::kOwners, [&](ObjectId object, ObjectId from, uint64_t) {
    Place*& place = above[index(object)];
    if (const auto found = places.by_signature.find(signature[index(object)]); found != places.by_signature.end()) {
      place = &found->second;
      place->objects.push_back(object);
    } else if (from != kNoObject) {
      place = above[index(from)];
      if (place && is_class_of_program(input.heap.type_name(object))) count_class(*place, input.heap.type_name(object));
    }
  });
  places.above.assign(above.begin(), above.end());
  return places;
}

// By object of a place: the first place of `rank` that refers to it, if that comes before its own.
using Rank = std::unordered_map<const Place*, size_t>;
std::unordered_map<ObjectId, const Place*> first_referrers(const Heap& heap, const Places& places, const Rank& rank) {
  std::unordered_map<ObjectId, const Place*> first;
  for (const auto& [signature, place] : places.by_signature)
    for (ObjectId object : place.objects) first.emplace(object, &place);
  for (uint32_t from = 0; from < heap.object_count(); from++) {
    const Place* const place = places.above[from];
    if (place == nullptr) continue;
    for (const ObjectId to : heap.references.slice(heap.referent, from))
      if (const auto found = first.find(to); found != first.end() && rank.at(place) < rank.at(found->second))
        found->second = place;
  }
  return first;
}

// The place whose objects refer to nearly all of this one's, or the place itself.
const Place* leader_of(const Place& place, const std::unordered_map<ObjectId, const Place*>& first) {
  std::unordered_map<const Place*, size_t> known;
  for (ObjectId object : place.objects) {
    const Place* const referrer = first.at(object);
    if (++known[referrer] * 10 >= place.objects.size() * 9) return referrer;
  }
  return &place;
}

// Objects that grow have others in registries of libraries, which go when they go: each session its socket in the table
// of an event loop. Where nearly all that grows at a place is referred to by what grows at another, and that is more,
// it is told there.
void fold_followers(const Heap& heap, Places& places, std::vector<GrowingPath>& growing) {
  Rank rank;
  std::vector<Place*> in_order;
  for (const GrowingPath& path : growing) {
    if (path.storage != LabelId{}) continue;
    in_order.push_back(&places.by_signature.at(path.signature));
    rank.emplace(in_order.back(), rank.size());
  }
  const auto first = first_referrers(heap, places, rank);
  for (Place* const place : in_order) {
    Place* leader = in_order[rank.at(leader_of(*place, first))];
    if (leader == place) continue;
    place->leader = leader->leader != nullptr ? leader->leader : leader;
    place->leader->followers[heap.type_name(place->objects.front())] += place->objects.size();
  }
  std::erase_if(growing, [&](const GrowingPath& path) {
    return path.storage == LabelId{} && places.by_signature.at(path.signature).leader != nullptr;
  });
}

// A listener's bound method, or a tuple with it, says nothing of whose it is.
void tell_classes(const RuleInput& input, const Place& place, Finding& finding) {
  if (!is_declared(input.heap, *finding.subject)) return;
  if (is_class_of_program(input.heap.type_name(*finding.subject))) return;
  constexpr uint64_t kShare = 8;  // fewer than one in so many are not what it is about
  std::vector<std::string> told;
  for (const auto& [name, objects] : place.classes)
    if (told.size() < 2 && objects * kShare >= place.objects.size())
      told.push_back(fmt::format("{} {}", objects, name));
  if (!told.empty()) finding.evidence.push_back(fmt::format("nearest below them: {}", fmt::join(told, ", ")));
}

void tell_followers(const Place& place, Finding& finding) {
  for (const auto& [type, objects] : place.followers)
    finding.evidence.push_back(fmt::format("{} {} that they refer to grow with them, held elsewhere", objects, type));
}

// Of the example's type, the first of those that most were born with: an event loop's timers are those of a thousand
// sessions, and one is that of its own sleep.
ObjectId typical_of(const Heap& heap, const std::vector<ObjectId>& held, ObjectId example) {
  std::unordered_map<StackId, size_t> born;
  auto births = [&](ObjectId object) -> size_t& { return born[heap.birth_stack[index(object)]]; };
  const TypeId type = heap.type[index(example)];
  for (ObjectId object : held)
    if (heap.type[index(object)] == type && heap.birth_stack[index(object)] != StackId{}) births(object)++;
  ObjectId typical = example;
  for (ObjectId object : held)
    if (heap.type[index(object)] == type && births(object) > births(typical)) typical = object;
  return typical;
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

// CPython: what a text file has been given and not written yet. It is written when it comes to a few thousand
// characters.
bool waits_to_be_written(const RuleInput& input, const Finding& finding) {
  if (finding.path.size() < 2) return false;
  const ObjectId file = finding.path[finding.path.size() - 2].from, list = finding.path.back().from;
  return input.heap.type_name(list) == "list" && input.heap.type_name(file) == "_io.TextIOWrapper";
}

// Of a runtime with an allocator of its own: blocks that words of its arenas lead to, and no object. A freed object
// still says what it held, and malloc has used that again since; nobody can act on such a place.
bool is_of_freed_memory(const RuleInput& input, const Finding& finding) {
  if (!input.has_collector || !finding.root || !finding.subject || is_declared(input.heap, *finding.subject))
    return false;
  return input.heap.roots[*finding.root].kind == RootKind::kExternal && finding.path.empty();
}

// Such a place is left out before others are told with it.
bool says_nothing(const RuleInput& input, const GrowingPath& path) {
  Finding finding;
  finding.subject = path.example;
  set_path(input, finding, Follow::kOwners, path.example);
  return is_of_freed_memory(input, finding) || is_of_weak_container(input, finding) ||
         waits_to_be_written(input, finding);
}

std::string_view root_name(const RuleInput& input, const Finding& finding) {
  return input.heap.text(input.heap.roots[*finding.root].name);
}

// Blocks of which nothing is known but their size, on a path of such blocks.
bool is_nameless(const RuleInput& input, const Finding& finding) {
  auto nameless = [&](ObjectId object) {
    return !is_declared(input.heap, object) && input.heap.type_name(object).starts_with("block of ");
  };
  // The agent for CPython says so of memory that no object, module or stack is in: the frames of greenlets that wait.
  if (finding.root && finding.path.empty() && root_name(input, finding) == "memory of C code") return true;
  return finding.subject && nameless(*finding.subject) &&
         std::all_of(finding.path.begin(), finding.path.end(),
                     [&](const PathStep& step) { return nameless(step.from); });
}

// What grows among Python's objects has memory in C libraries, which hold it in ways of their own: GTK's properties of
// each window. Of the two the one with names is to be acted on.
void put_named_growth_first(const RuleInput& input, std::span<Finding> growing) {
  const bool any = std::any_of(growing.begin(), growing.end(), [&](const Finding& finding) {
    return finding.severity != Severity::kNote && finding.subject && is_declared(input.heap, *finding.subject);
  });
  if (!any) return;
  for (Finding& finding : growing) {
    if (!is_nameless(input, finding)) continue;
    finding.severity = Severity::kNote;
    finding.evidence.push_back("a note, for objects of Python grow too: these may be theirs, seen from C");
  }
}

}  // namespace

void find_growth(const RuleInput& input, std::vector<Finding>& findings) {
  if (input.before.size() < 2) return;
  const HeapCensus now = take_census(input.heap, input.paths);
  std::vector<const HeapCensus*> censuses;
  for (const HeapCensus& census : input.before) censuses.push_back(&census);
  censuses.push_back(&now);
  std::vector<GrowingPath> growing = find_growing_paths(comparable(censuses));
  for (GrowingPath& path : growing) path.counts = counts_where_seen(censuses, path);
  std::erase_if(growing, [&](const GrowingPath& path) { return path.counts.empty() || says_nothing(input, path); });
  Places places = growing_places(input, growing);
  fold_followers(input.heap, places, growing);
  const size_t before = findings.size();
  for (const GrowingPath& path : growing) {
    const bool is_storage = path.storage != LabelId{};
    auto held = is_storage ? std::vector<ObjectId>{path.example} : places.by_signature.at(path.signature).objects;
    const ObjectId subject = is_storage ? path.example : typical_of(input.heap, held, path.example);
    std::iter_swap(held.begin(), std::find(held.begin(), held.end(), subject));
    Finding finding = finding_of_objects(input, rule_named("growing-path"), held);
    finding.held_before = path.counts;
    finding.storage = path.storage;
    finding.grown_bytes = path.bytes;
    set_path(input, finding, Follow::kOwners, subject);
    judge_bound(input, finding);
    if (!is_storage) tell_classes(input, places.by_signature.at(path.signature), finding);
    if (!is_storage) tell_followers(places.by_signature.at(path.signature), finding);
    if (!path.threads.empty())
      finding.evidence.push_back(
          fmt::format("calls of ever more threads hold them: {} threads", fmt::join(path.threads, " -> ")));
    if (path.counts.size() < censuses.size())
      finding.evidence.push_back(fmt::format("{} of {} snapshots say nothing of it: another path came first then",
                                             censuses.size() - path.counts.size(), censuses.size()));
    if (is_storage) finding.bytes = finding.retained_bytes = path.counts.back();
    findings.push_back(std::move(finding));
  }
  put_named_growth_first(input, std::span(findings).subspan(before));
}

}  // namespace reftally
