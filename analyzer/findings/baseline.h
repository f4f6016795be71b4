// Findings that were there already: a file that is reviewed with the code, so that a check fails on new ones only.
//
//   { "schema": "reftally-baseline/1",
//     "findings": [ {"fingerprint": "3f…", "rule": "unreachable-cycle", "instances": 2, "summary": "…"} ] }
// and of what `reftally lint` found, "files": ["src/page.cc"].
//
// Sorted by rule, then summary, then fingerprint, one finding a few lines: a change reads well in a diff.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace reftally {

struct BaselineEntry {
  std::string fingerprint, rule, summary;
  uint64_t instances = 0;
  std::string twin = {};                // another fingerprint that allows it; not in the file
  std::vector<std::string> files = {};  // of a lint's finding: those it rests on, relative to the baseline's folder
};

struct BaselineComparison {
  std::vector<BaselineEntry> fresh;  // found, not in the baseline
  std::vector<BaselineEntry> grown;  // found with more instances than the baseline allows
  std::vector<BaselineEntry> known;  // found as the baseline has it
  std::vector<BaselineEntry> gone;   // in the baseline, not found
};

// Throws Error naming the file and the byte, or the entry, that is not as it should be.
std::vector<BaselineEntry> read_baseline(std::string_view text, const std::string& file);
std::string write_baseline(std::vector<BaselineEntry> entries);

// Entries of one fingerprint count as one: their instances are added.
BaselineComparison compare_with_baseline(std::vector<BaselineEntry> found, std::vector<BaselineEntry> baseline);

}  // namespace reftally
