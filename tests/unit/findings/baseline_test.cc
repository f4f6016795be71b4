#include "analyzer/findings/baseline.h"

#include <catch2/catch.hpp>

#include "tests/support/drawn_findings.h"

using namespace reftally;

namespace {

// As `reftally check` makes them.
std::vector<BaselineEntry> entries_of(const char* drawing) {
  std::vector<BaselineEntry> entries;
  for (const Finding& finding : DrawnFindings(drawing).analysis.findings)
    entries.push_back({finding.fingerprint, finding.rule, "", finding.instances.size(), finding.twin_fingerprint});
  return entries;
}

}  // namespace

TEST_CASE("a cycle that is known is known whether a stale word points to it or not") {
  const auto unseen = entries_of("a(A) =[b_]=> b(B) =[a_]=> a");
  const auto watched = entries_of("a(A) =[b_]=> b(B) =[a_]=> a; stack s -> a");
  REQUIRE(unseen.size() == 1);
  REQUIRE(watched.size() == 1);
  REQUIRE(unseen.front().rule != watched.front().rule);
  for (const auto& [found, baseline] : {std::pair(unseen, watched), std::pair(watched, unseen)}) {
    const BaselineComparison comparison = compare_with_baseline(found, baseline);
    CHECK(comparison.known.size() == 1);
    CHECK(comparison.fresh.empty());
    CHECK(comparison.gone.empty());
  }
}

TEST_CASE("a leak in the baseline allows no other") {
  const BaselineComparison comparison =
      compare_with_baseline(entries_of("a(A):1 => b(B)"), entries_of("c(C):1 => b(B)"));
  CHECK(comparison.fresh.size() == 1);
  CHECK(comparison.gone.size() == 1);
}
