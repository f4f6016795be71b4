// NOLINT comments, as clang-tidy reads them: NOLINT, NOLINTNEXTLINE, NOLINTBEGIN … NOLINTEND, each with an optional
// list of globs in parentheses.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "analyzer/lint/lint_finding.h"

namespace reftally::lint {

class NoLint {
 public:
  // The line of the comment that silences `rule` at this place; 0 when none does.
  uint32_t silenced_by(const Location& at, const std::string& rule);
  // Sets suppressed_by when a comment stands at the finding or at any reference of its cycle.
  void apply(LintFinding& finding);

 private:
  const std::vector<std::string>& lines(const std::string& file);
  std::unordered_map<std::string, std::vector<std::string>> files_;
};

bool glob_matches(const char* pattern, const char* text);

}  // namespace reftally::lint
