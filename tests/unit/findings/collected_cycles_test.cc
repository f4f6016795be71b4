// What a runtime's own cycle collector makes of a cycle, drawn.
#include <catch2/catch.hpp>

#include "tests/support/drawn_findings.h"

using namespace reftally;

namespace {

constexpr char kTypes[] = "type A {collected, clear}; type B {collected, clear}; type Bare {collected}; ";

DrawnFindings drawn(const std::string& heap) { return DrawnFindings(kTypes + heap); }

}  // namespace

TEST_CASE("a cycle that the collector will free is a note, and says so") {
  const DrawnFindings heap = drawn("a(A){python, tracked} => b(B){python, tracked} => a");
  REQUIRE(heap.lines() == Lines{"unreachable-cycle a => b => a"});
  CHECK(heap.analysis.findings[0].severity == Severity::kNote);
  CHECK(heap.analysis.findings[0].evidence.back() ==
        "the cycle collector frees it when it next looks at its generation");
  CHECK(heap.analysis.totals.waiting_objects == 2);
  CHECK(heap.analysis.totals.waiting_bytes == 32);
}

TEST_CASE("a cycle with a finalizer is told as that, once") {
  const DrawnFindings heap = drawn("a(A){python, tracked, finalizer} => b(B){python, tracked} => a");
  REQUIRE(heap.lines() == Lines{"finalizer-in-cycle a => b => a"});
  CHECK(heap.analysis.findings[0].evidence.back().starts_with("__del__ of A runs in an order"));
}

TEST_CASE("without tp_clear in any of its types the collector cannot free a cycle") {
  CHECK(drawn("a(Bare){python, tracked} => b(Bare){python, tracked} => a").lines() ==
        Lines{"uncollectable-cycle a => b => a"});
}

TEST_CASE("a cycle that the collector takes for held is hidden from it") {
  CHECK(drawn("a(A){python, tracked} => b(B){python} => a").lines() == Lines{"hidden-traverse a => b => a"});
}

TEST_CASE("a cycle through an object of another flavour is nobody's to collect") {
  CHECK(drawn("a(A){python, tracked} => b(B){shared_ptr} => a; c(A){python, tracked}; static g => c").lines() ==
        Lines{"unreachable-cycle a => b => a"});
}

TEST_CASE("without a collector in the process no cycle is one it frees") {
  const DrawnFindings heap = drawn("a(A){python} => b(B){python} => a");
  REQUIRE(heap.lines() == Lines{"unreachable-cycle a => b => a"});
  CHECK(heap.analysis.findings[0].severity == Severity::kError);
}

TEST_CASE("an object that lives although its finalizer has run was resurrected") {
  CHECK(drawn("static g => a(A){python, tracked, finalizer, finalized}").lines() == Lines{"resurrection a"});
  CHECK(drawn("static g => a(A){python, tracked, finalizer}").lines() == Lines{});
}

TEST_CASE("counts that no reference and no word explains are lost, in one snapshot a note") {
  const DrawnFindings heap = drawn("a(A):3{python, tracked}; b(B){python, tracked}; static g => b");
  REQUIRE(heap.lines() == Lines{"leaked-reference a"});
  CHECK(heap.analysis.findings[0].severity == Severity::kNote);
  CHECK(heap.analysis.findings[0].evidence.front() ==
        "3 references on 1 object in this snapshot that no object, frame, static variable or word of memory holds");
  CHECK(drawn("static g => a(A):3{python, tracked}").lines() == Lines{});
  CHECK(drawn("a(A):2{python, tracked}; b(B){python, tracked}; static g => b").lines() == Lines{});  // too few
}
