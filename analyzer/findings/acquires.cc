#include "analyzer/findings/acquires.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>

namespace reftally {
namespace {

constexpr size_t kMostNamed = 3;

bool is_audited(const Heap& heap, ObjectId object) {
  const FlavourId flavour = heap.flavour[index(object)];
  const bool is_told =
      flavour == FlavourId::kSharedPtr || flavour == FlavourId::kIntrusive || flavour == FlavourId::kDeclared;
  return is_told && heap.has_account(object) && heap.strong_count[index(object)] > 0;
}

int64_t untold(const Heap& heap, ObjectId object) {
  return heap.strong_count[index(object)] - heap.event_balance[index(object)];
}

// A shared_ptr's object is born with one reference. A count inside an object begins with none or with one; the type's
// objects say which.
int64_t births_by_vote(const std::vector<ObjectId>& objects, const Heap& heap) {
  if (heap.flavour[index(objects.front())] == FlavourId::kSharedPtr) return 1;
  size_t with_none = 0, with_one = 0;
  for (ObjectId object : objects) {
    with_none += untold(heap, object) == 0;
    with_one += untold(heap, object) == 1;
  }
  return with_none >= with_one ? 0 : 1;
}

struct Candidates {
  std::map<std::pair<StackId, bool>, int64_t> by_call;  // references by stack; true: those the objects were born with
  int64_t units = 0;
  bool undecided = false;  // as in HeapTally, of some object
};

void add_all(const Heap& heap, ObjectId object, const LooseEvents& loose, int64_t births, Candidates& candidates) {
  for (const HeapTally& row : loose.acquires) candidates.by_call[{row.stack, false}] += row.balance;
  if (births > 0) candidates.by_call[{heap.birth_stack[index(object)], true}] += births;
  candidates.units += loose.taken + births;
  candidates.undecided |= loose.undecided;
}

// Adds what may have taken the lost references of one object. The number of those lost, 0 when events do not tell.
int64_t add_acquires(const Heap& heap, const Accounts& accounts, const EventAudit& audit, ObjectId object,
                     Candidates& candidates) {
  const LooseEvents loose = loose_events(heap, object);
  const int64_t lost = accounts.remainder[index(object)] - heap.open_acquires[index(object)];
  if (lost > 0 && loose.undecided) {
    add_all(heap, object, loose, audit.births(object), candidates);
    return lost;
  }
  const int64_t births = std::max<int64_t>(0, audit.births(object) - loose.given);
  const int64_t held_births = births + loose.taken - lost;  // references in memory that no event told of
  if (lost <= 0 || held_births < 0) return 0;
  for (const HeapTally& row : loose.acquires) candidates.by_call[{row.stack, false}] += row.balance;
  candidates.units += loose.taken;
  if (held_births < births) {
    candidates.by_call[{heap.birth_stack[index(object)], true}] += births;
    candidates.units += births;
  }
  return lost;
}

// Of a GObject the holders are not told, so each of its words in memory may be one of the references told. Calls inside
// libgobject tell none: what there is of them shows in the sum.
int64_t add_gobject_acquires(const Heap& heap, const Accounts& accounts, ObjectId object, Candidates& candidates) {
  const LooseEvents loose = loose_events(heap, object);
  const int64_t births = loose.undecided ? 1 : std::max<int64_t>(0, 1 - loose.given);
  const int64_t lost = accounts.remainder[index(object)] - accounts.ambiguous[index(object)];
  if (lost <= 0 || untold(heap, object) != 1) return 0;
  add_all(heap, object, loose, births, candidates);
  return lost;
}

// An object of an interpreter has most of its references from code that tells nothing, so there is nothing to audit.
// Lost references are among those that instrumented code took and did not give back; what it returned or stored is
// too. More of them than the object has references: some are of an earlier object at the same address.
int64_t add_untold_acquires(const Heap& heap, const Accounts& accounts, ObjectId object, Candidates& candidates) {
  const LooseEvents loose = loose_events(heap, object);
  const int64_t open = loose.taken - loose.given, lost = accounts.remainder[index(object)];
  if (lost <= 0 || open < lost || open > heap.strong_count[index(object)]) return 0;
  for (const HeapTally& row : loose.acquires) candidates.by_call[{row.stack, false}] += row.balance;
  candidates.units += loose.taken;
  return lost;
}

// Adds the releases of one object that may be the ones too many: each has left the count one less than its holders.
int64_t add_releases(const Heap& heap, const Accounts& accounts, ObjectId object, Candidates& candidates) {
  const LooseEvents loose = loose_events(heap, object);
  const int64_t excess = std::min(loose.given, -accounts.remainder[index(object)]);
  if (excess <= 0) return 0;
  for (const HeapTally& row : loose.releases) candidates.by_call[{row.stack, false}] += -row.balance;
  candidates.units += loose.given;
  return excess;
}

}  // namespace

EventAudit::EventAudit(const Heap& heap) : heap_(heap) {
  if (!heap.has_events || heap.only_hooks_told) return;
  std::map<TypeId, std::vector<ObjectId>> by_type;
  for (uint32_t i = 0; i < heap.object_count(); i++)
    if (is_audited(heap, ObjectId{i})) by_type[heap.type[i]].push_back(ObjectId{i});
  for (const auto& [type, objects] : by_type) {
    AuditedType row{type, objects.front(), objects.size(), 0, births_by_vote(objects, heap)};
    for (ObjectId object : objects) {
      if (untold(heap, object) == row.births) continue;
      if (row.disagreeing++ == 0) row.example = object;
    }
    mixed_ |= row.is_partial();
    types_.push_back(row);
  }
}

const AuditedType* EventAudit::audited(TypeId type) const {
  const auto found = std::lower_bound(types_.begin(), types_.end(), type,
                                      [](const AuditedType& row, TypeId wanted) { return row.type < wanted; });
  return found != types_.end() && found->type == type ? &*found : nullptr;
}

bool EventAudit::agrees(ObjectId object) const {
  if (!heap_.has_events || heap_.events_lost || !is_audited(heap_, object)) return false;
  const AuditedType* type = audited(heap_.type[index(object)]);
  return type != nullptr && !type->is_partial() && untold(heap_, object) == type->births;
}

int64_t EventAudit::births(ObjectId object) const {
  const AuditedType* type = audited(heap_.type[index(object)]);
  return type != nullptr ? type->births : 1;
}

LooseEvents loose_events(const Heap& heap, ObjectId object) {
  LooseEvents loose;
  const auto range = std::equal_range(heap.tallies.begin(), heap.tallies.end(), HeapTally{object, StackId{}, 0},
                                      [](const HeapTally& a, const HeapTally& b) { return a.object < b.object; });
  for (auto row = range.first; row != range.second; ++row) {
    (row->balance > 0 ? loose.acquires : loose.releases).push_back(*row);
    (row->balance > 0 ? loose.taken : loose.given) += std::abs(row->balance);
    loose.undecided |= row->undecided;
  }
  return loose;
}

void find_acquires(const Heap& heap, const Accounts& accounts, const EventAudit& audit, Finding& finding) {
  const bool is_leak = std::string_view(finding.rule) == "leaked-reference";
  if ((!heap.has_events && heap.tallies.empty()) || (!is_leak && std::string_view(finding.rule) != "over-release"))
    return;
  Candidates candidates;
  const FlavourId flavour = finding.subject ? heap.flavour[index(*finding.subject)] : FlavourId::kBlock;
  const bool is_python = flavour == FlavourId::kPython, is_gobject = flavour == FlavourId::kGObject;
  int64_t wanted = 0;
  for (const std::vector<ObjectId>& objects : finding.instances)
    for (ObjectId object : objects)
      if (is_python)
        wanted += is_leak ? add_untold_acquires(heap, accounts, object, candidates)
                          : add_releases(heap, accounts, object, candidates);
      else if (is_gobject)
        wanted += is_leak ? add_gobject_acquires(heap, accounts, object, candidates) : 0;
      else if (audit.agrees(object))
        wanted += is_leak ? add_acquires(heap, accounts, audit, object, candidates)
                          : add_releases(heap, accounts, object, candidates);
  const bool is_certain = wanted == candidates.units && (is_python || is_gobject || !audit.is_mixed());
  for (const auto& [call, units] : candidates.by_call)
    finding.acquires.push_back({call.first, static_cast<uint64_t>(units), call.second, !is_leak, is_certain});
  std::stable_sort(finding.acquires.begin(), finding.acquires.end(),
                   [](const FindingAcquire& a, const FindingAcquire& b) { return b.units < a.units; });
  if (wanted < candidates.units)
    finding.evidence.push_back(fmt::format("{} of the {} references told are the ones; the others were {}", wanted,
                                           candidates.units,
                                           candidates.undecided ? "given back elsewhere" : "handed over untold"));
  if (finding.acquires.empty() && finding.subject && is_gobject)
    finding.evidence.push_back("events do not tell who: some reference was taken or given back inside libgobject");
  else if (finding.acquires.empty() && is_python && !is_leak && heap.has_events)
    finding.evidence.push_back(
        "no release too many was told: code that tells none, or a holder that never took its own");
  else if (finding.acquires.empty() && finding.subject && !is_python && !heap.only_hooks_told &&
           heap.is_counted(*finding.subject))
    finding.evidence.push_back("events do not tell who: part of the code that counts this type was built without them");
}

void settle_by_events(const Heap& heap, std::vector<Finding>& findings) {
  for (Finding& finding : findings) {
    if (finding.severity != Severity::kNote || std::string_view(finding.rule) != "leaked-reference" ||
        heap.flavour[index(*finding.subject)] != FlavourId::kPython)
      continue;
    uint64_t told = 0;
    for (const FindingAcquire& acquire : finding.acquires) told += acquire.is_certain ? acquire.units : 0;
    if (told >= finding.objects)
      finding.severity = Severity::kError;
    else
      finding.evidence.push_back(
          "a note, for C code may keep a reference out of sight: a snapshot before (reftally.dump(), and analyze "
          "--since) or an extension built with `reftally cxxflags --python` settles it");
  }
}

void advise_events(const Heap& heap, std::vector<Finding>& findings) {
  if (heap.has_events) return;
  for (Finding& finding : findings)
    if (std::string_view(finding.rule) == "leaked-reference" && finding.subject &&
        heap.flavour[index(*finding.subject)] == FlavourId::kSharedPtr)
      finding.evidence.push_back(
          "which call took it was not recorded: built with $(reftally cxxflags), the program tells");
}

std::vector<std::string> audit_warnings(const Heap& heap, const EventAudit& audit) {
  if (heap.events_lost || !audit.is_mixed()) return {};
  std::string names;
  size_t partial = 0;
  for (const AuditedType& type : audit.types()) {
    if (!type.is_partial()) continue;
    if (partial++ < kMostNamed)
      names += fmt::format("{}{} ({} of {})", names.empty() ? "" : ", ", heap.text(heap.types[index(type.type)].name),
                           type.disagreeing, type.objects);
  }
  if (partial > kMostNamed) names += fmt::format(" and {} more types", partial - kMostNamed);
  return {"partly instrumented: events and counts in memory disagree on " + names +
          "; build all code that counts them with `reftally cxxflags`"};
}

}  // namespace reftally
