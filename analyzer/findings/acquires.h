// Who took the references that an account cannot explain, from reference count events.
//
// Events and memory audit each other. All references of an object were taken by an event but the one it was born with:
//     strong count = balance of events + births
// Where that does not hold, some code counts without telling, and nobody is accused. Where it holds, the references
// that no holder has are among those that were taken by a holder that does not refer to the object any more; when there
// are as many of one as of the other, each of them is one.
#pragma once

#include <string>
#include <vector>

#include "analyzer/findings/finding.h"
#include "analyzer/graph/reference_graph.h"

namespace reftally {

struct AuditedType {
  TypeId type{};
  ObjectId example{};
  uint64_t objects = 0, disagreeing = 0;
  int64_t births = 1;  // references an object is born with, without an event
  bool is_partial() const { return disagreeing * 10 >= objects && disagreeing != 0; }
};

class EventAudit {
 public:
  explicit EventAudit(const Heap& heap);

  // Some type's objects disagree: part of the program was built without events.
  bool is_mixed() const { return mixed_; }
  const std::vector<AuditedType>& types() const { return types_; }  // those with counted objects, by TypeId
  // Whether events and memory agree on the object, and on its type.
  bool agrees(ObjectId object) const;
  int64_t births(ObjectId object) const;

 private:
  const AuditedType* audited(TypeId type) const;

  const Heap& heap_;
  std::vector<AuditedType> types_;
  bool mixed_ = false;
};

// Fills Finding::acquires of the findings about counts that nobody holds, or that too many hold.
void find_acquires(const Heap& heap, const Accounts& accounts, const EventAudit& audit, Finding& finding);

// CPython: references that an extension told it took, and that neither it gave back nor memory shows, are lost for
// sure. Of others one snapshot leaves doubt, and what would settle it is said.
void settle_by_events(const Heap& heap, std::vector<Finding>& findings);

// What of the heap's tallies the references of `object` do not account for.
struct LooseEvents {
  std::vector<HeapTally> acquires, releases;
  bool undecided = false;        // as in HeapTally
  int64_t taken = 0, given = 0;  // their sums
};
LooseEvents loose_events(const Heap& heap, ObjectId object);

// Of a program that tells no events: what would say who took a lost reference.
void advise_events(const Heap& heap, std::vector<Finding>& findings);

std::vector<std::string> audit_warnings(const Heap& heap, const EventAudit& audit);

}  // namespace reftally
