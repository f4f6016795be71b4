// What to weaken in drawn cycles.
#include <catch2/catch.hpp>

#include "tests/support/drawn_findings.h"

using namespace reftally;

namespace {

// "Child::parent_ + …: safe, breaks 2" of the first finding, or "nothing".
std::string advice_of(const DrawnFindings& drawn) {
  const Finding& finding = drawn.analysis.findings.at(0);
  if (!finding.advice) return "nothing";
  auto member = [&](uint64_t row) {
    const HeapLabel& label = drawn.analysis.heap.labels[index(drawn.analysis.heap.label[row])];
    return fmt::format("{}::{}", drawn.analysis.heap.text(label.owner), drawn.analysis.heap.text(label.path));
  };
  std::string text = member(finding.advice->weaken);
  for (uint64_t row : finding.advice->also) text += " + " + member(row);
  return fmt::format("{}: {}, breaks {}", text, finding.advice->safe ? "safe" : "unsafe", finding.advice->breaks);
}

std::string advice_of(const char* drawing) { return advice_of(DrawnFindings(drawing)); }

}  // namespace

TEST_CASE("many children that refer to one parent: the way back is to be weakened") {
  CHECK(advice_of("p(P) =[P::kids_[]]=> a(K) =[K::up_]=> p; p =[P::kids_[]]=> b(K) =[K::up_]=> p") ==
        "K::up_: safe, breaks 1");
}

TEST_CASE("the younger object's reference to the older one points back") {
  CHECK(advice_of("p(P){birth 1} =[P::x_]=> k(K){birth 2} =[K::y_]=> p") == "K::y_: safe, breaks 1");
  CHECK(advice_of("p(P){birth 2} =[P::x_]=> k(K){birth 1} =[K::y_]=> p") == "P::x_: safe, breaks 1");
}

TEST_CASE("where an object has a weak reference too to the one it holds, that is the way back, whoever is older") {
  const DrawnFindings drawn(
      "t(Thread){birth 2} =[Thread::runnable_]=> r(Runner){birth 1} =[Runner::held_]=> t; r ~[Runner::thread_]~> t");
  CHECK(advice_of(drawn) == "Runner::held_: safe, breaks 1");
  CHECK(drawn.analysis.findings[0].advice->reason ==
        "whoever holds it knows it weakly too, through thread_: that is the way back");
  CHECK(advice_of("r(Registry){birth 1} =[Registry::all_[]]=> s(Session){birth 2} =[Session::home_]=> r; "
                  "r ~[Registry::by_id_[]]~> s") == "Session::home_: safe, breaks 1");
}

TEST_CASE("where instances share their shortest cycle and some have another, the advice breaks that too") {
  std::string drawing;
  for (int i = 0; i < 40; i++) drawing += fmt::format("s{0}(S) =[S::on_ -> [lambda s.cc:4].self]=> s{0}; ", i);
  for (int i = 40; i < 45; i++)
    drawing += fmt::format(
        "s{0}(S) =[S::on_ -> [lambda s.cc:4].self]=> s{0} =[S::last_]=> r{0}(R) =[R::session_]=> s{0}; ", i);
  CHECK(advice_of(drawing.c_str()) == "S::on_ -> [lambda s.cc:4].self + R::session_: unsafe, breaks 45");
}

TEST_CASE("with nothing to tell the sides apart the advice is not safe") {
  CHECK(advice_of("p(P) =[P::x_]=> k(K) =[K::y_]=> p") == "K::y_: unsafe, breaks 1");
}

TEST_CASE("what a closure captures is to be weakened, where the closure is stored in what it captures") {
  const DrawnFindings drawn("s(Session) =[Session::handler_ -> [lambda session.cpp:42].self]=> s");
  CHECK(advice_of(drawn) == "Session::handler_ -> [lambda session.cpp:42].self: safe, breaks 1");
  CHECK(drawn.analysis.findings[0].advice->reason ==
        "the closure is stored in what it captures: capture a weak_ptr and lock() it when it runs");
}

TEST_CASE("nodes of unknown type that point to each other both ways are no cycle that is left") {
  CHECK(advice_of("s(S) -[S::map_]-> block_1(block of 80 bytes) -> block_2(block of 80 bytes) -> block_1 "
                  "=[[lambda a.cc:1].self]=> s") == "::[lambda a.cc:1].self: safe, breaks 1");
}

TEST_CASE("an object need not own itself") {
  CHECK(advice_of("a(A) =[A::me]=> a") == "A::me: safe, breaks 1");
  CHECK(advice_of("a(A) =[A::next]=> a =[A::next]=> b(A) =[A::next]=> a") == "A::next: unsafe, breaks 1");
}

TEST_CASE("names only break ties") {
  CHECK(advice_of("p(P) =[P::x_]=> k(K) =[K::parent_]=> p") == "K::parent_: unsafe, breaks 1");
  CHECK(advice_of("p(P) =[P::parent_]=> k(K) =[K::y_]=> p") == "P::parent_: unsafe, breaks 1");
}

TEST_CASE("a member that is the only owner of a live object is not safe to weaken") {
  // Live nodes are held by next_ alone; prev_ leads to what a root or another next_ holds.
  const DrawnFindings drawn(
      "a(N){birth 9} =[N::next_]=> b(N){birth 8} =[N::prev_]=> a;"
      "static list => c(N){birth 1} =[N::next_]=> d(N){birth 2} =[N::prev_]=> c");
  CHECK(advice_of(drawn) == "N::prev_: unsafe, breaks 1");
  CHECK(advice_of("a(N) =[N::only_]=> a; static g => c(N) =[N::only_]=> d(N)") == "N::only_: unsafe, breaks 1");
  CHECK_THAT(
      DrawnFindings("a(N) =[N::only_]=> a; static g => c(N) =[N::only_]=> d(N)").analysis.findings[0].advice->reason,
      Catch::EndsWith("but 1 live object has no other owner"));
}

TEST_CASE("two members are needed when no single one breaks every cycle") {
  const DrawnFindings drawn("a(A) =[A::x_]=> a; a =[A::y_]=> b(B) =[B::z_]=> a");
  CHECK(advice_of(drawn) == "A::x_ + A::y_: unsafe, breaks 1");
}

TEST_CASE("a member that breaks all instances is preferred to two") {
  CHECK(advice_of("a(A) =[A::x_]=> b(B) =[B::up_]=> a; a =[A::y_]=> c(C) =[C::hub_]=> a; a =[A::x_]=> d(B)") ==
        "A::x_ + A::y_: unsafe, breaks 1");
  CHECK(advice_of("a(A) =[A::x_]=> b(B) =[B::up_]=> a; a =[A::y_]=> c(B) =[B::up_]=> a") == "B::up_: safe, breaks 1");
}

TEST_CASE("a lost count outlives the weakened cycle: nothing is freed") {
  const DrawnFindings drawn("p(P):3 =[P::kids_[]]=> a(K) =[K::up_]=> p; p =[P::kids_[]]=> b(K) =[K::up_]=> p");
  CHECK(advice_of(drawn) == "K::up_: safe, breaks 1");
  CHECK(drawn.analysis.findings[0].advice->frees_bytes == 0);
}

TEST_CASE("a cycle of words without names has no advice") { CHECK(advice_of("a(A):1 => b(B):1 => a") == "nothing"); }

TEST_CASE("a container of Qt is not weak: what is in it can be") {
  CHECK(advice_of("n(Node) =[Node::kids]=> d(\"QTypedArrayData<P>\"); d =[\"QTypedArrayData<P>[]\"]=> n") ==
        "::QTypedArrayData<P>[]: unsafe, breaks 1");
  for (const std::string data : {"QMapData<int, P>", "QHashPrivate::Data<P>"})
    CHECK(advice_of(DrawnFindings("n(Node) =[Node::kids]=> d(\"" + data + "\"); d =[\"" + data + "[]\"]=> n")) ==
          "::" + data + "[]: unsafe, breaks 1");
}

TEST_CASE("what a promise keeps cannot be weak by its own: its value can") {
  const DrawnFindings drawn(
      "j(Job) =[Job::done_]=> s(\"std::__future_base::_State_baseV2\") =[\"std::__future_base::_Result<X>\"]=> j");
  CHECK(drawn.analysis.findings[0].advice->mending == Mending::kPromiseValue);
}

TEST_CASE("an exception in a variable of a frame that it went through: the variable is to be cleared") {
  const DrawnFindings drawn(
      "e(Error){python} =[Error::__traceback__]=> t(traceback){python} =[traceback::tb_frame]=> f(frame){python};"
      "f =[\"run\"::\"local error\"]=> e; f =[\"run\"::\"local self\"]=> w(Worker){python}");
  CHECK(advice_of(drawn) == "run::local error: safe, breaks 1");
  CHECK(drawn.analysis.findings[0].advice->mending == Mending::kClear);
}

TEST_CASE("an exception that a frame's self keeps is to be kept without its traceback") {
  const DrawnFindings drawn(
      "w(Worker){python} =[Worker::last_error]=> e(Error){python} =[Error::__traceback__]=> t(traceback){python};"
      "t =[traceback::tb_frame]=> f(frame){python} =[\"run\"::\"local self\"]=> w");
  CHECK(advice_of(drawn) == "Worker::last_error: safe, breaks 1");
  CHECK(drawn.analysis.findings[0].advice->mending == Mending::kDropTraceback);
}
