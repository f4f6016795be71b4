// Leaks that only the way to their birth tells apart.
#include "analyzer/findings/equal_births.h"

#include <catch2/catch.hpp>

#include "tests/support/drawn_findings.h"

using namespace reftally;

namespace {

Finding lost(std::vector<SourceFrame> born) {
  Finding finding;
  finding.rule = "unreachable-block";
  finding.subject = ObjectId{0};
  finding.objects = 2;
  finding.born = std::move(born);
  return finding;
}

SourceFrame at(const std::string& function, uint32_t line) {
  SourceFrame frame;
  frame.function = function;
  frame.file = "eval.cc";
  frame.line = line;
  return frame;
}

size_t merged(std::vector<Finding> findings) {
  const DrawnFindings drawn("a(Node)");
  uint64_t objects = 0;
  merge_equal_births(drawn.analysis.heap, findings);
  for (const Finding& finding : findings) objects += finding.objects;
  CHECK(objects % 2 == 0);
  return findings.size();
}

}  // namespace

TEST_CASE("how deep a recursion was when it lost a block makes no finding of its own") {
  const Finding shallow = lost({at("items", 7), at("eval", 20), at("eval", 31), at("main", 50)});
  const Finding deep = lost({at("items", 7), at("eval", 20), at("items", 9), at("eval", 20), at("main", 50)});
  const Finding other = lost({at("items", 7), at("eval", 24), at("eval", 31), at("main", 50)});
  CHECK(merged({shallow, deep}) == 1);
  CHECK(merged({shallow, deep, other}) == 2);
}

TEST_CASE("calls from code that is gone differ by those that are known") {
  SourceFrame gone;
  gone.function = kUnknownCode;
  const Finding one = lost({at("make", 3), gone, gone, at("load", 10)});
  const Finding another = lost({at("make", 3), gone, gone, at("unload", 20)});
  CHECK(merged({one, one}) == 1);
  CHECK(merged({one, another}) == 2);
}

TEST_CASE("without a recursion every caller counts") {
  const Finding one = lost({at("make", 3), at("helper", 5), at("main", 10)});
  const Finding another = lost({at("make", 3), at("helper", 5), at("main", 20)});
  CHECK(merged({one, one}) == 1);
  CHECK(merged({one, another}) == 2);
}

TEST_CASE("what a recursion lost at its first call is what it lost further down") {
  const Finding first = lost({at("items", 7), at("table", 20), at("factor", 31), at("main", 50)});
  const Finding second = lost({at("items", 7), at("table", 20), at("factor", 31), at("table", 40), at("main", 50)});
  const Finding other = lost({at("items", 8), at("table", 20), at("factor", 31), at("main", 50)});
  CHECK(merged({first, second}) == 1);
  CHECK(merged({second, first}) == 1);
  CHECK(merged({first, second, other}) == 2);
}

TEST_CASE("a cycle that a word still sees is an instance of the one that none sees") {
  const std::string lost = "a(Tree) =[children[]]=> b(Tree) =[parent]=> a;";
  const DrawnFindings drawn(lost + "c(Tree) =[children[]]=> d(Tree) =[parent]=> c; stack \"t, stack\" -> c");
  std::vector<Finding> findings = drawn.analysis.findings;
  REQUIRE(findings.size() == 2);
  merge_watched_cycles(drawn.analysis.heap, findings);
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].rule == std::string_view("unreachable-cycle"));
  CHECK(findings[0].instances.size() == 2);
  CHECK(findings[0].objects == 4);
  CHECK(findings[0].evidence.back() == "a word still points to 1 of the cycles, but does not own it: t, stack");
  REQUIRE(findings[0].advice);
  CHECK(findings[0].advice->breaks == 2);
}

TEST_CASE("a cycle that a static knows may live, and is no instance of a lost one") {
  const std::string lost = "a(Tree) =[children[]]=> b(Tree) =[parent]=> a;";
  const DrawnFindings drawn(lost + "c(Tree) =[children[]]=> d(Tree) =[parent]=> c; static g_known -> c");
  std::vector<Finding> findings = drawn.analysis.findings;
  REQUIRE(findings.size() == 2);
  merge_watched_cycles(drawn.analysis.heap, findings);
  CHECK(findings.size() == 2);
}

TEST_CASE("an unowned cycle of another shape stays a finding of its own") {
  const DrawnFindings drawn("a(Tree) =[next]=> a; c(Tree) =[parent]=> c; stack \"t, stack\" -> c");
  std::vector<Finding> findings = drawn.analysis.findings;
  REQUIRE(findings.size() == 2);
  merge_watched_cycles(drawn.analysis.heap, findings);
  REQUIRE(findings.size() == 2);
  CHECK(findings[1].rule == std::string_view("unowned-cycle"));
  CHECK(findings[1].instances.size() == 1);
}
