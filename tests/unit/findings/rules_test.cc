// Heaps drawn as text, and what each shows.
#include <catch2/catch.hpp>

#include "tests/support/drawn_findings.h"

using namespace reftally;

namespace {

Lines findings_of(const char* drawing) { return DrawnFindings(drawing).lines(); }

}  // namespace

TEST_CASE("two objects that only hold each other are an unreachable cycle") {
  CHECK(findings_of("a(A) =[b_]=> b(B) =[a_]=> a") == Lines{"unreachable-cycle a =[b_]=> b =[a_]=> a"});
}

TEST_CASE("an object that holds itself is a cycle") {
  CHECK(findings_of("a(A) =[self_]=> a") == Lines{"unreachable-cycle a =[self_]=> a"});
}

TEST_CASE("a weak back reference makes no cycle") { CHECK(findings_of("static g => a; a => b; b ~> a") == Lines{}); }

TEST_CASE("a cycle that a root holds is no finding, whatever the root") {
  for (const char* root : {"static", "thread_local", "stack", "register", "frame", "external", "pinned"}) {
    CHECK(findings_of((std::string(root) + " g => a => b => a").c_str()) == Lines{});
    CHECK(findings_of((std::string(root) + " g =?> a => b => a").c_str()) == Lines{});
  }
}

TEST_CASE("a cycle held by a block that a root points to is no finding") {
  CHECK(findings_of("static g -> block => a => b => a") == Lines{});
}

TEST_CASE("what hangs below a cycle is held by it, and no finding of its own") {
  const DrawnFindings drawn("a(A) => b(B) => a; b => c(C) => d(D); c -> buffer[100]; b -> block[50]");
  REQUIRE(drawn.lines() == Lines{"unreachable-cycle a => b => a"});
  const Finding& finding = drawn.analysis.findings[0];
  CHECK(finding.objects == 2);
  CHECK(finding.bytes == 32);
  CHECK(finding.held_objects == 4);
  CHECK(finding.retained_bytes == 32 + 32 + 150);
}

TEST_CASE("what two cycles hold is retained by neither") {
  const DrawnFindings drawn("a(A) => a => c(C); b(B) => b => c");
  REQUIRE(drawn.sorted_lines() == Lines{"unreachable-cycle a => a", "unreachable-cycle b => b"});
  for (const Finding& finding : drawn.analysis.findings) CHECK(finding.retained_bytes == 16);
}

TEST_CASE("what the instances of one finding hold together is retained by the finding") {
  const DrawnFindings drawn("a(A) => a => c(C)[100]; b(A) => b => c");
  REQUIRE(drawn.lines() == Lines{"unreachable-cycle a => a x2"});
  CHECK(drawn.analysis.findings[0].retained_bytes == 132);
  CHECK(drawn.analysis.findings[0].held_objects == 1);
}

TEST_CASE("a cycle below a cycle is a finding of its own, and each retains its own") {
  const DrawnFindings drawn("a(A) => b(B) => a; b => c(C) => d(D) => c");
  CHECK(drawn.sorted_lines() == Lines{"unreachable-cycle a => b => a", "unreachable-cycle c => d => c"});
  for (const Finding& finding : drawn.analysis.findings) CHECK(finding.retained_bytes == 32);
}

TEST_CASE("equal shapes are one finding, whatever the number of children") {
  CHECK(findings_of("p(P) =[kids_[]]=> k(K) =[up_]=> p; p =[kids_[]#1]=> l(K) =[up_]=> p;"
                    "q(P) =[kids_[]]=> m(K) =[up_]=> q") == Lines{"unreachable-cycle m =[up_]=> q =[kids_[]]=> m x2"});
}

TEST_CASE("of two equal shapes the same cycle is shown, whichever lies first") {
  const std::string ring = "a(T) =[m_]=> b(T) =[n_]=> a; ", with_loop = "c(T) =[m_]=> c =[m_]=> d(T) =[n_]=> c; ";
  CHECK(findings_of((ring + with_loop).c_str()) == Lines{"unreachable-cycle a =[m_]=> b =[n_]=> a x2"});
  CHECK(findings_of((with_loop + ring).c_str()) == Lines{"unreachable-cycle a =[m_]=> b =[n_]=> a x2"});
}

TEST_CASE("rings of one kind are one finding, whatever their length") {
  CHECK(findings_of("a(N) =[next_]=> b(N) =[next_]=> a; c(N) =[next_]=> d(N) =[next_]=> e(N) =[next_]=> c") ==
        Lines{"unreachable-cycle a =[next_]=> b =[next_]=> a x2"});
}

TEST_CASE("a cycle through a block that owns is found, certain references before words") {
  CHECK(findings_of("a(A):1 => impl(Impl):- => a") == Lines{"unreachable-cycle a => impl => a"});
  CHECK(findings_of("a(A):1 -> block:- => a") == Lines{"unreachable-cycle a => block => a"});
  CHECK(findings_of("a(A):2 -> block:- =[b]=> a; a =[x]=> c =[y]=> a") ==
        Lines{"unreachable-cycle a =[x]=> c =[y]=> a"});
}

TEST_CASE("what a dead cycle may hold is no cycle for a word that may be weak") {
  // std::enable_shared_from_this: a weak word to itself, and nobody knows which of the two words is strong
  CHECK(findings_of("a(A) => a =?> c(C):1/1 =?> c") == Lines{"unreachable-cycle a => a"});
  CHECK(findings_of("a(A) => a =?> p(P):1/1 =?> q(Q):1/1 =?> p; a =?> q") == Lines{"unreachable-cycle a => a"});
  CHECK(findings_of("a(A) => a -> block:-; c(C):1/1 =?> block =?> c; a =?> c") == Lines{"unreachable-cycle a => a"});
}

TEST_CASE("objects that cannot do without each other are a cycle, whatever else may hold them") {
  CHECK(findings_of("a(A) => a =?> c(C):2 =?> c") == Lines{"unreachable-cycle c => c", "unreachable-cycle a => a"});
  CHECK(findings_of("a(A) => a =?> p(P):2/1 =?> q(Q):1 =?> p; q =?> p") ==
        Lines{"unreachable-cycle p => q => p", "unreachable-cycle a => a"});
  CHECK(findings_of("a(A) => a =?> c(C):1 => c") == Lines{"unreachable-cycle c => c", "unreachable-cycle a => a"});
}

TEST_CASE("where nothing else can hold them, words that may be weak close a cycle") {
  CHECK(findings_of("c(C):1/1 =?> d(D):1 =?> c; d =?> c") == Lines{"unreachable-cycle c => d => c"});
}

TEST_CASE("a count that nobody holds is a leaked reference") {
  const DrawnFindings drawn("a(A):1 => b(B) -> block[100]");
  REQUIRE(drawn.lines() == Lines{"leaked-reference a"});
  const Finding& finding = drawn.analysis.findings[0];
  CHECK(finding.account.remainder == 1);
  CHECK(finding.held_objects == 2);
  CHECK(finding.retained_bytes == 132);
  CHECK(finding.account.sentence == "strong count 1 = 0 from the heap + 0 from roots + 1 that nobody holds");
}

TEST_CASE("a leaked reference held by a cycle is told of besides the cycle") {
  CHECK(findings_of("a(A) => a => b(B):2") == Lines{"leaked-reference b", "unreachable-cycle a => a"});
}

TEST_CASE("a lost count on a member of a cycle is told in the cycle's evidence") {
  const DrawnFindings drawn("a(A):2 => b(B) => a");
  REQUIRE(drawn.lines() == Lines{"unreachable-cycle a => b => a"});
  const Finding& finding = drawn.analysis.findings[0];
  CHECK(finding.account.sentence == "strong count 2 = 1 from the cycle + 0 from roots + 1 unexplained");
  CHECK(
      finding.evidence ==
      Lines{
          "its objects have 1 more reference that nobody holds: breaking the cycle alone will not free what has them"});
}

TEST_CASE("only the head of a dead chain of blocks is a finding") {
  CHECK(findings_of("a[100] -> b[50] -> c[25]") == Lines{"unreachable-block a"});
  CHECK(findings_of("static g -> a -> b") == Lines{});
}

TEST_CASE("dead blocks that point to each other are one finding") {
  CHECK(findings_of("a[100] -> b[50] -> a") == Lines{"unreachable-block a"});
}

TEST_CASE("blocks born of one call stack are one finding, whatever their sizes") {
  CHECK(findings_of("a[100]{stack 3}; b[50]{stack 3}; c[50]{stack 4}") ==
        Lines{"unreachable-block a b", "unreachable-block c"});
}

TEST_CASE("a block that a dead counted object points to is held by it") {
  CHECK(findings_of("a(A):1 -> b[50]") == Lines{"leaked-reference a"});
}

TEST_CASE("a destroyed object that a dead one still refers to weakly is held by it") {
  CHECK(findings_of("a(A) => a ~> b(B):0/1") == Lines{"unreachable-cycle a => a"});
}

TEST_CASE("a cycle that something alive only watches is unowned") {
  const DrawnFindings drawn("static \"g_registry[]\" -> a; a(A) => b(B) => a");
  REQUIRE(drawn.lines() == Lines{"unowned-cycle a => b => a"});
  const Finding& finding = drawn.analysis.findings[0];
  CHECK(finding.severity == Severity::kWarning);
  REQUIRE(finding.root);
  CHECK(drawn.analysis.heap.text(drawn.analysis.heap.roots[*finding.root].name) == "g_registry[]");
  CHECK(findings_of("static g => w; w ~> a; a => b => a") == Lines{"unowned-cycle a => b => a"});
}

TEST_CASE("an unowned cycle is told of only when every count is explained and every reference certain") {
  CHECK(findings_of("stack s -> a:2; a => b => a") == Lines{});                            // somebody opaque holds a
  CHECK(findings_of("stack s -> a; a:1 => b; b =?> a") == Lines{});                        // "strong or weak"
  CHECK(findings_of("stack s -> a; a => b =+> a") == Lines{"unowned-cycle a => b => a"});  // told by counts: certain
  CHECK(findings_of("stack s -> a; a => b:2 => a") == Lines{});  // a member has an opaque holder
}

TEST_CASE("what an unowned cycle refers to is no finding of its own") {
  CHECK(findings_of("static g -> a; a(A) => a => c(C) -> block") == Lines{"unowned-cycle a => a"});
}

TEST_CASE("more exact holders than counts are an over-release") {
  const DrawnFindings drawn("static g => a; static h => a; a(A):1");
  REQUIRE(drawn.lines() == Lines{"over-release a"});
  CHECK(drawn.analysis.findings[0].evidence[0] == "strong count 1, but 2 references are known by type");
  CHECK(findings_of("static g => a; static h =+> a; a:1") == Lines{});
}

TEST_CASE("a release under way is no over-release: the count is lowered before the pointer goes") {
  CHECK(findings_of("static g => a; static h => a; a:1{in_hand}") == Lines{});
  CHECK(findings_of("static g => dying => a; static h => a; a:1; dying:0/1") == Lines{});
  CHECK(findings_of("static g => list => a; static h => a; a:1; list{in_hand}") == Lines{});
  CHECK(findings_of("static g => list => a; static h => a; a:1; stack \"t, stack\" -> a") == Lines{"over-release a"});
}

TEST_CASE("an immortal object's count says nothing, and it is alive") {
  CHECK(findings_of("none:999{immortal, python}; none => a => b") == Lines{});
  CHECK(findings_of("static g => none:1{immortal}; static h => none") == Lines{});
}

TEST_CASE("an object that was declared released and is still held lingers, with the path that holds it") {
  const DrawnFindings drawn(
      "static g_cache -> table =[entries_[]]=> s(Session){released, note \"connection closed\"};"
      "s => c[100]; s => d(D); static x => d");
  REQUIRE(drawn.lines() == Lines{"lingering-object s"});
  const Finding& finding = drawn.analysis.findings[0];
  REQUIRE(finding.path.size() == 1);
  CHECK(drawn.arrow(finding.path[0].reference) == "=[entries_[]]=>");
  CHECK(finding.evidence[0] == "declared released: connection closed");
  CHECK(finding.retained_bytes == 116);
  CHECK(finding.held_objects == 1);
}

TEST_CASE("objects that linger in one place are one finding, in two places two") {
  const char* drawing =
      "static g_list => n(N) =[next_]=> m(N) =[next_]=> o(N);"
      "n =[item_]=> s(S){released}; m =[item_]=> t(S){released}; o =[item_]=> u(S){released};"
      "static g_other => p(P) =[kept_]=> v(S){released}";
  CHECK(DrawnFindings(drawing).sorted_lines() == Lines{"lingering-object s t u", "lingering-object v"});
}

TEST_CASE("destroyed objects whose memory weak references keep are worth a note from a page on") {
  const DrawnFindings drawn("static g => w; w ~> a(A)[5000]:0/1; w ~> b(B)[100]:0/1");
  REQUIRE(drawn.lines() == Lines{"weak-pinned-storage a"});
  CHECK(drawn.analysis.findings[0].severity == Severity::kNote);
}

TEST_CASE("worst comes first: severity, then what is retained") {
  CHECK(findings_of("a(A)[10]:1; b(B)[1000]:1; static g -> c; c(C)[9999] => c; d[500]") ==
        Lines{"leaked-reference b", "unreachable-block d", "leaked-reference a", "unowned-cycle c => c"});
}
