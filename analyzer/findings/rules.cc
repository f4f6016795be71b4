#include "analyzer/findings/rules.h"

#include <cstring>

#include "analyzer/base/error.h"

namespace reftally {
namespace {

constexpr Rule kRules[] = {
    {"unreachable-cycle", Severity::kError, "objects that only keep each other alive", find_unreachable_cycles},
    {"leaked-reference", Severity::kError, "a count that nobody holds any more: a lost release",
     find_leaked_references},
    {"over-release", Severity::kError, "more holders than counts: a use after free waiting to happen",
     find_over_releases},
    {"unreachable-block", Severity::kError, "memory that nothing points to", find_unreachable_blocks},
    {"unowned-cycle", Severity::kWarning, "a cycle that nobody owns, though something still points to it",
     find_unowned_cycles},
    {"growing-path", Severity::kWarning, "a place that holds more with every snapshot", find_growth},
    {"lingering-object", Severity::kWarning, "declared released, and still held", find_lingering_objects},
    {"finalizer-in-cycle", Severity::kWarning, "a cycle with finalizers: they run in no defined order",
     find_finalizer_cycles},
    {"uncollectable-cycle", Severity::kError, "a cycle that the collector finds and cannot free",
     find_uncollectable_cycles},
    {"hidden-traverse", Severity::kError, "a cycle that the collector cannot see: a type hides its references",
     find_hidden_traverse},
    {"resurrection", Severity::kWarning, "finalized, and brought back to life", find_resurrections},
    {"deep-destruction", Severity::kWarning, "a chain of owners whose release recurses deeper than a stack",
     find_deep_destructions},
    {"weak-pinned-storage", Severity::kNote, "destroyed objects whose memory weak references keep",
     find_weak_pinned_storage},
};

}  // namespace

std::span<const Rule> rules() { return kRules; }

const Rule& rule_named(const char* name) {
  for (const Rule& rule : kRules)
    if (strcmp(rule.name, name) == 0) return rule;
  throw Error(std::string("internal error: no rule is named ") + name);
}

Account account_of(const RuleInput& input, ObjectId object) {
  const uint32_t i = index(object);
  Account account;
  account.strong_count = input.heap.strong_count[i];
  account.heap_references = input.accounts.heap_references[i];
  account.root_references = input.accounts.root_references[i];
  account.remainder = input.accounts.remainder[i];
  return account;
}

Finding finding_of_objects(const RuleInput& input, const Rule& rule, const std::vector<ObjectId>& objects) {
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
  return finding;
}

void add_instances(const RuleInput& input, const EvidenceGraph& graph, const std::vector<uint32_t>& components,
                   Finding& finding) {
  for (uint32_t component : components) {
    finding.instances.push_back(graph.objects_of(component));
    const std::vector<ObjectId>& objects = finding.instances.back();
    finding.objects += objects.size();
    for (ObjectId object : objects) finding.bytes += input.heap.size[index(object)];
  }
}

bool is_declared(const Heap& heap, ObjectId object) { return heap.flavour[index(object)] == FlavourId::kPython; }

bool is_class(const Heap& heap, ObjectId object) {
  return is_declared(heap, object) && heap.type_name(object).starts_with("type ");
}

void set_path(const RuleInput& input, Finding& finding, Follow follow, ObjectId object) {
  const RetainingPath path = input.paths.path_to(object, follow);
  finding.root = path.root;
  finding.path.clear();
  ObjectId from = path.root ? input.heap.roots[*path.root].to : kNoObject;
  for (uint64_t row : path.references) {
    finding.path.push_back({from, row});
    from = input.heap.referent[row];
  }
}

}  // namespace reftally
