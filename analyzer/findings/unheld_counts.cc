// leaked-reference in a runtime that declares its references: counts that nothing explains, whether or not something
// else still holds the object. With an earlier snapshot of the process, what has been lost since.
#include <fmt/format.h>

#include <map>

#include "analyzer/findings/earlier.h"
#include "analyzer/findings/rules.h"

namespace reftally {
namespace {

// Fewer lost references of a type than this are, in one snapshot, as likely a frame of C code that holds an argument in
// a place nobody scans: Debian's python3 at its exit had such a tuple in some runs.
constexpr int64_t kLeastInOneSnapshot = 3;

// A static pointer of C code holds a class once; each of its instances holds it too, and is seen.
constexpr int64_t kInstancesOfClass = 20;

struct Lost {
  ObjectId object;
  int64_t references;
};

int64_t references_of(const std::vector<Lost>& lost) {
  int64_t sum = 0;
  for (const Lost& row : lost) sum += row.references;
  return sum;
}

std::string evidence_of(const std::vector<Lost>& lost, bool since) {
  const char* when = since ? "since the earlier snapshot" : "in this snapshot";
  return fmt::format("{} reference{} on {} object{} {} that no object, frame, static variable or word of memory holds",
                     references_of(lost), references_of(lost) == 1 ? "" : "s", lost.size(), lost.size() == 1 ? "" : "s",
                     when);
}

// C code may keep a reference where nobody can see it; one snapshot cannot tell, unless they are many of a class.
Severity severity_of(const RuleInput& input, const Rule& rule, const Lost& first) {
  if (input.earlier != nullptr) return rule.severity;
  return is_class(input.heap, first.object) && first.references >= kInstancesOfClass ? Severity::kWarning
                                                                                     : Severity::kNote;
}

}  // namespace

void find_unheld_counts(const RuleInput& input, std::vector<Finding>& findings) {
  const std::vector<uint32_t> words = count_candidate_words(input.heap);
  std::map<TypeId, std::vector<Lost>> by_type;
  for (uint32_t i = 0; i < input.heap.object_count(); i++) {
    const ObjectId object{i};
    if (!is_declared(input.heap, object) || !input.heap.is_counted(object)) continue;
    const int64_t lost = input.earlier != nullptr ? input.earlier->lost_since(input.heap, input.accounts, words, object)
                                                  : input.accounts.remainder[i] - static_cast<int64_t>(words[i]);
    // One snapshot cannot tell a lost release from a holder in C that the word scan did not meet, unless nothing at all
    // refers to the object.
    const bool in_doubt = input.earlier == nullptr && input.reachable.conservative[i] &&
                          (!is_class(input.heap, object) || lost < kInstancesOfClass);
    if (lost > 0 && !in_doubt) by_type[input.heap.type[i]].push_back({object, lost});
  }
  const Rule& rule = rule_named("leaked-reference");
  for (const auto& [type, rows] : by_type) {
    if (input.earlier == nullptr && references_of(rows) < kLeastInOneSnapshot) continue;
    std::vector<ObjectId> objects;
    for (const Lost& lost : rows) objects.push_back(lost.object);
    Finding finding = finding_of_objects(input, rule, objects);
    finding.severity = severity_of(input, rule, rows.front());
    finding.evidence.push_back(evidence_of(rows, input.earlier != nullptr));
    if (input.reachable.conservative[index(*finding.subject)]) {
      set_path(input, finding, Follow::kOwners, *finding.subject);
      finding.evidence.emplace_back(
          is_class(input.heap, *finding.subject)
              ? "as if instances that are gone had not given back the class: tp_dealloc of a heap type ends with "
                "Py_DECREF(Py_TYPE(self))"
              : "the object is also in use: releasing the lost references frees it one day, not now");
    }
    findings.push_back(std::move(finding));
  }
}

}  // namespace reftally
