// Findings that somebody has looked at and decided to live with, each with a reason.
//
//   line := what [" until " YYYY-MM-DD] [" # " REASON]          lines that begin with '#' are comments
//   what := "fingerprint:" HEX          as printed with the finding
//         | "type:" GLOB                the type of an object of the finding: "net::Session*"
//         | "field:" GLOB               a reference of its cycle or path: "Session::handler_*"
//         | "rule:" RULE                every finding of a rule
//         | "function:" GLOB            a function of its birth stack
//         | "leak:" PATTERN             as LeakSanitizer has it: function, file or module of the birth stack
//
// Our own kinds need a reason; "leak:" lines are read as they are. In a GLOB * is any text, ? one character, and the
// whole name must match. A PATTERN may match anywhere; ^ and $ tie it to the ends. Valgrind's blocks of braces are read
// too: their fun:, obj: and src: lines must match the birth stack from the innermost frame on, "..." skips frames.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/findings/finding.h"

namespace reftally {

struct StackPattern {
  enum class Part : uint8_t { kFunction, kModule, kSource, kAnyFrames };
  Part part;
  std::string glob;
};

struct Suppression {
  enum class Kind : uint8_t { kFingerprint, kType, kField, kRule, kFunction, kLeak, kStack };
  Kind kind;
  std::string pattern;
  std::vector<StackPattern> frames;  // kStack, innermost first
  std::string reason;                // or the line itself
  std::string until;                 // "2027-01-31", or empty: for ever
  std::string file;
  size_t line = 0;
  uint64_t matched = 0;  // findings
};

class Suppressions {
 public:
  // Throws Error "FILE:LINE: expected …".
  void read(std::string_view text, const std::string& file);

  // The first suppression that matches and has not expired; `today` is "YYYY-MM-DD".
  const Suppression* match(const Heap& heap, const Finding& finding, std::string_view today);
  // "FILE:LINE: expired on DATE: REASON" for each that has.
  std::vector<std::string> expired(std::string_view today) const;
  const std::vector<Suppression>& rows() const { return rows_; }

 private:
  std::vector<Suppression> rows_;
};

// Takes suppressed findings out of `findings`; their reason is in Finding::suppressed_by.
std::vector<Finding> take_suppressed(Suppressions& suppressions, const Heap& heap, std::vector<Finding>& findings,
                                     std::string_view today);

bool matches_glob(std::string_view glob, std::string_view text);

}  // namespace reftally
