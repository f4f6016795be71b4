// What a rule says, complete with places: the renderers only print it.
#pragma once

#include <string>
#include <vector>

#include "analyzer/lint/facts.h"

namespace reftally::lint {

enum class LintSeverity : uint8_t { kNote, kWarning, kError };

struct LintNote {
  Location location;
  std::string text;
  bool is_edge = false;  // one reference of the cycle; NOLINT there silences the finding
};

struct LintFinding {
  std::string rule;
  LintSeverity severity = LintSeverity::kWarning;
  Location location;
  std::string message;
  std::vector<LintNote> notes;
  std::string identity;       // of the fingerprint: class and field names, never lines
  std::string fingerprint;    // 16 hexadecimal digits
  int rank = 50;              // 0 … 100, more likely a real fault
  std::string weaken;         // "Child::parent_", or empty
  std::string weaken_type;    // of a member to weaken: "std::shared_ptr<Parent>"; empty for a capture
  std::vector<Key> edges;     // members of a cycle, in order; "*" is the content of a shared_ptr to a callable
  std::string function;       // in which a cycle closes, or empty
  uint64_t seen = 0;          // instances in a run, by --confirm
  std::string suppressed_by;  // why it is not counted: "NOLINT at file:line", "baseline"; empty otherwise
};

const char* name_of(LintSeverity severity);

}  // namespace reftally::lint
