// A finding: what is wrong, as ids into the Heap. Names and numbers are made of it in reports/report.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/base/source_frame.h"
#include "analyzer/heap/heap.h"

namespace reftally {

enum class Severity : uint8_t { kNote = 0, kWarning = 1, kError = 2 };

struct PathStep {
  ObjectId from;
  uint64_t reference;  // row of Heap::referent …
};

// The sum of DESIGN section 1 for one object. strong_count = heap + roots + remainder.
struct Account {
  int64_t strong_count = 0;
  int64_t heap_references = 0;  // exact strong references (or counted, see certainty)
  int64_t root_references = 0;
  int64_t remainder = 0;
  std::string sentence;  // the sum in the words of its rule; empty: the plain sum says it
};

// What to do with a reference that closes a cycle: not all can be weak.
enum class Mending : uint8_t {
  kWeaken,
  kClear,          // a variable of a function: when it is done with it
  kDropTraceback,  // CPython: what is kept is an exception
  kPromiseValue,   // std::promise: neither a future nor the state behind it can be weak, but what is kept in it can
  kVisit,          // CPython: it may stay as it is, once the collector is told of it
};

struct Advice {
  uint64_t weaken = 0;         // row of Heap::referent: the reference to make weak
  std::vector<uint64_t> also;  // further ones, when no single member breaks the cycles
  uint32_t breaks = 0;         // instances it breaks
  uint64_t frees_bytes = 0;
  Mending mending = Mending::kWeaken;
  bool safe = false;
  std::string reason;
};

// One call that may have taken (or given back once too often) the references that the finding is about.
struct FindingAcquire {
  StackId stack{};
  uint64_t units = 0;
  bool is_birth = false;    // the reference the object was born with
  bool is_release = false;  // given back without having been taken
  bool is_certain = false;  // else one of several candidates, or part of the program tells no events
};

struct Finding {
  const char* rule = "";  // row name in rules.cc
  Severity severity = Severity::kError;
  std::vector<std::vector<ObjectId>> instances;  // objects of each equal shape; the first is the example
  std::vector<PathStep> cycle;                   // of the example, rotated to its least form; empty when none
  std::vector<PathStep> path;                    // from a root to the example, empty when unreachable
  std::optional<uint32_t> root;                  // row of Heap::roots where `path` starts
  std::optional<ObjectId> subject;               // the object the account is about
  Account account;
  uint64_t objects = 0;         // counted objects and blocks in all instances
  uint64_t bytes = 0;           // their shallow sizes
  uint64_t retained_bytes = 0;  // what would be freed with them
  uint64_t held_objects = 0;    // held by the instances, not part of them
  // Of a place that grows: what it held, by snapshot; objects, or bytes when `storage` names the member that has them.
  std::vector<uint64_t> held_before;
  LabelId storage{};
  uint32_t depth = 0;        // links of a chain of owners
  uint64_t grown_bytes = 0;  // since the first snapshot, with what hangs below
  std::optional<Advice> advice;
  std::vector<std::string> evidence;     // one sentence each
  std::vector<SourceFrame> born;         // of the subject, innermost first
  std::vector<FindingAcquire> acquires;  // most units first; empty when there are no events, or they do not tell
  std::string suppressed_by;             // why it is not told, or empty
  std::string fingerprint;               // equal for equal shapes in every run: no addresses, no indexes
  std::string twin_fingerprint;          // see there
};

}  // namespace reftally
