// finalizer-in-cycle, uncollectable-cycle, hidden-traverse and resurrection: what is special about cycles in a runtime
// that has a collector of its own. A cycle is told by one rule only.
#include "analyzer/findings/collected_cycles.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace reftally {
namespace {

uint32_t type_flags(const Heap& heap, ObjectId object) { return heap.types[index(heap.type[index(object)])].flags; }

bool is_tracked(const Heap& heap, ObjectId object) { return (heap.flags[index(object)] & dump::kObjectTracked) != 0; }

bool is_hidden(const Heap& heap, uint64_t row) {
  return (heap.labels[index(heap.label[row])].flags & kLabelHidden) != 0;
}

std::string list_types(const Heap& heap, const std::set<TypeId>& types) {
  std::string text;
  for (TypeId type : types) text += (text.empty() ? "" : ", ") + std::string(heap.text(heap.types[index(type)].name));
  return text;
}

template <class Wants>
std::set<TypeId> types_of(const RuleInput& input, const Finding& finding, Wants wants) {
  std::set<TypeId> types;
  for (const std::vector<ObjectId>& objects : finding.instances)
    for (ObjectId object : objects)
      if (wants(object)) types.insert(input.heap.type[index(object)]);
  return types;
}

// Files and sockets in the cycle, or one step below it: they stay open until the collector comes by.
bool is_open_resource(std::string_view type) {
  for (std::string_view name :
       {"_io.FileIO", "_io.TextIOWrapper", "_io.BufferedReader", "_io.BufferedWriter", "_io.BufferedRandom",
        "socket.socket", "ssl.SSLSocket", "sqlite3.Connection", "mmap.mmap", "select.epoll", "subprocess.Popen"})
    if (type == name) return true;
  return false;
}

void add_resources(const RuleInput& input, Finding& finding) {
  std::set<TypeId> resources;
  for (ObjectId object : finding.instances.front()) {
    if (is_open_resource(input.heap.type_name(object))) resources.insert(input.heap.type[index(object)]);
    for (ObjectId to : input.heap.references.slice(input.heap.referent, index(object)))
      if (is_open_resource(input.heap.type_name(to))) resources.insert(input.heap.type[index(to)]);
  }
  if (!resources.empty())
    finding.evidence.push_back(
        fmt::format("{} in it stays open until the collector runs", list_types(input.heap, resources)));
}

void find_with_verdict(const RuleInput& input, const char* rule, CollectorVerdict wanted,
                       std::vector<Finding>& findings) {
  find_unreachable_cycles_if(
      input, rule_named(rule),
      [&](const std::vector<ObjectId>& objects) { return collector_verdict(input, objects) == wanted; }, findings);
}

}  // namespace

CollectorVerdict collector_verdict(const RuleInput& input, const std::vector<ObjectId>& objects) {
  const Heap& heap = input.heap;
  bool legacy = false, finalizer = false, clears = false, collectable = true;
  for (ObjectId object : objects) {
    if (heap.is_counted(object) && heap.flavour[index(object)] != FlavourId::kPython) return CollectorVerdict::kNone;
    const uint32_t flags = type_flags(heap, object);
    legacy |= (flags & dump::kTypeLegacyFinalizer) != 0;
    clears |= is_tracked(heap, object) && (flags & dump::kTypeHasClear) != 0;
    finalizer |= (heap.flags[index(object)] & dump::kObjectHasFinalizer) != 0;
    collectable &= input.collectable[index(object)] != 0;
  }
  if (!input.has_collector) return CollectorVerdict::kNone;
  if (!collectable) return CollectorVerdict::kCannotSee;
  if (legacy || !clears) return CollectorVerdict::kCannotFree;
  return finalizer ? CollectorVerdict::kFinalizes : CollectorVerdict::kFrees;
}

void find_finalizer_cycles(const RuleInput& input, std::vector<Finding>& findings) {
  const size_t first = findings.size();
  find_with_verdict(input, "finalizer-in-cycle", CollectorVerdict::kFinalizes, findings);
  for (size_t i = first; i < findings.size(); i++) {
    Finding& finding = findings[i];
    const std::set<TypeId> types = types_of(input, finding, [&](ObjectId object) {
      return (input.heap.flags[index(object)] & dump::kObjectHasFinalizer) != 0;
    });
    finding.evidence.push_back(fmt::format(
        "__del__ of {} runs in an order that is not defined, may see the others half finalized, and what it raises is "
        "swallowed; if it brings an object back, all of them live on and no __del__ of theirs runs again",
        list_types(input.heap, types)));
    add_resources(input, finding);
  }
}

void find_uncollectable_cycles(const RuleInput& input, std::vector<Finding>& findings) {
  const size_t first = findings.size();
  find_with_verdict(input, "uncollectable-cycle", CollectorVerdict::kCannotFree, findings);
  for (size_t i = first; i < findings.size(); i++) {
    const std::set<TypeId> legacy = types_of(input, findings[i], [&](ObjectId object) {
      return (type_flags(input.heap, object) & dump::kTypeLegacyFinalizer) != 0;
    });
    findings[i].evidence.push_back(
        legacy.empty() ? std::string("no type in it has tp_clear: the collector finds the cycle and cannot break it")
                       : fmt::format("{} has a legacy finalizer (tp_del): the collector puts it into gc.garbage",
                                     list_types(input.heap, legacy)));
  }
}

void find_hidden_traverse(const RuleInput& input, std::vector<Finding>& findings) {
  const size_t first = findings.size();
  find_with_verdict(input, "hidden-traverse", CollectorVerdict::kCannotSee, findings);
  const Heap& heap = input.heap;
  for (size_t i = first; i < findings.size(); i++) {
    std::set<std::string> places;
    std::set<uint32_t> members;
    for (ObjectId object : findings[i].instances.front()) members.insert(index(object));
    for (uint32_t from : members)
      for (uint64_t row = heap.references.begin(from); row < heap.references.end(from); row++)
        if (is_hidden(heap, row) && members.count(index(heap.referent[row])) != 0)
          places.insert(fmt::format("{} at {}", heap.type_name(ObjectId{from}),
                                    heap.text(heap.labels[index(heap.label[row])].path)));
    for (const std::string& place : places)
      findings[i].evidence.push_back(fmt::format(
          "tp_traverse does not visit the reference of {}: the collector takes its referent for alive", place));
    if (places.empty()) findings[i].evidence.push_back("the collector takes one of its objects for held from outside");
  }
}

// A finalizer that has run on an object which still lives: it brought the object back, or was in a cycle with one
// that did.
void find_resurrections(const RuleInput& input, std::vector<Finding>& findings) {
  constexpr uint32_t kRan = dump::kObjectFinalized | dump::kObjectHasFinalizer;
  std::map<TypeId, std::vector<ObjectId>> by_type;
  for (uint32_t i = 0; i < input.heap.object_count(); i++)
    if ((input.heap.flags[i] & kRan) == kRan && input.reachable.ownership[i])
      by_type[input.heap.type[i]].push_back(ObjectId{i});
  const Rule& rule = rule_named("resurrection");
  for (const auto& [type, objects] : by_type) {
    Finding finding = finding_of_objects(input, rule, objects);
    set_path(input, finding, Follow::kOwners, objects.front());
    finding.evidence.push_back("its finalizer has run, and it is still owned: __del__ will not run again");
    findings.push_back(std::move(finding));
  }
}

}  // namespace reftally
