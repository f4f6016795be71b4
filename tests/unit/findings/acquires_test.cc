#include "analyzer/findings/acquires.h"

#include <catch2/catch.hpp>

#include "analyzer/analysis.h"

using namespace reftally;

namespace {

// Objects of one class, with what events told of them.
class EventHeap {
 public:
  explicit EventHeap(bool only_hooks_told = false) { builder_.set_events(false, only_hooks_told); }

  ObjectId object(int64_t strong_count, int64_t event_balance) {
    HeapBuilder::Object object;
    object.address = next_address_ += 0x100;
    object.size = 64;
    object.type = builder_.add_type("Message");
    object.flavour = FlavourId::kSharedPtr;
    object.strong_count = strong_count;
    object.birth_stack = StackId{1};
    object.event_balance = event_balance;
    return builder_.add_object(object);
  }
  void tally(ObjectId object, uint32_t stack, int32_t balance) {
    builder_.add_tally({object, StackId{stack}, balance});
  }
  void root(ObjectId object, uint32_t acquired = 0) {
    builder_.add_root({object, RootKind::kStatic, ReferenceKind::kStrong, Certainty::kExact, builder_.intern("g_kept"),
                       StackId{acquired}});
  }
  Analysis analyze() { return analyze_heap(std::move(builder_).build()); }

 private:
  HeapBuilder builder_;
  uint64_t next_address_ = 0x10000;
};

const Finding& only_finding(const Analysis& analysis) {
  REQUIRE(analysis.findings.size() == 1);
  return analysis.findings.front();
}

}  // namespace

TEST_CASE("a copy that nobody has is blamed on the call that took it") {
  EventHeap heap;
  const ObjectId object = heap.object(1, 0);
  heap.tally(object, 7, 1);
  heap.tally(object, 9, -1);  // the reference it was born with, given back by another holder
  const Analysis analysis = heap.analyze();
  const Finding& finding = only_finding(analysis);
  REQUIRE(finding.acquires.size() == 1);
  CHECK(finding.acquires[0].stack == StackId{7});
  CHECK(finding.acquires[0].units == 1);
  CHECK(finding.acquires[0].is_certain);
  CHECK_FALSE(finding.acquires[0].is_birth);
}

TEST_CASE("when no copy is left, the reference an object was born with is the lost one") {
  EventHeap heap;
  heap.object(1, 0);
  const Analysis analysis = heap.analyze();
  const Finding& finding = only_finding(analysis);
  REQUIRE(finding.acquires.size() == 1);
  CHECK(finding.acquires[0].is_birth);
  CHECK(finding.acquires[0].stack == StackId{1});
  CHECK(finding.acquires[0].is_certain);
}

TEST_CASE("two copies of which one was handed over untold are candidates, and none is certain") {
  EventHeap heap;
  const ObjectId object = heap.object(1, 0);
  heap.tally(object, 7, 1);
  heap.tally(object, 8, 1);
  heap.tally(object, 9, -2);
  const Analysis analysis = heap.analyze();
  const Finding& finding = only_finding(analysis);
  REQUIRE(finding.acquires.size() == 2);
  CHECK_FALSE(finding.acquires[0].is_certain);
  CHECK(finding.evidence.back() == "1 of the 2 references told are the ones; the others were handed over untold");
}

TEST_CASE("nobody is blamed where events do not explain the count") {
  EventHeap heap;
  const ObjectId object = heap.object(2, 0);  // one more than was told
  heap.tally(object, 7, 1);
  heap.tally(object, 9, -1);
  const Analysis analysis = heap.analyze();
  const Finding& finding = only_finding(analysis);
  CHECK(finding.acquires.empty());
  CHECK(finding.evidence.back() ==
        "events do not tell who: part of the code that counts this type was built without them");
  REQUIRE(analysis.warnings.size() == 1);
  CHECK(
      analysis.warnings[0] ==
      "partly instrumented: events and counts in memory disagree on Message (1 of 1); build all code that counts them "
      "with `reftally cxxflags`");
}

TEST_CASE("a release by a holder that had taken nothing is blamed for one holder too many") {
  EventHeap heap;
  const ObjectId object = heap.object(1, 0);
  heap.root(object);     // has the reference it was born with
  heap.root(object, 7);  // has a copy
  heap.tally(object, 9, -1);
  const Analysis analysis = heap.analyze();
  const Finding& finding = only_finding(analysis);
  CHECK(std::string(finding.rule) == "over-release");
  REQUIRE(finding.acquires.size() == 1);
  CHECK(finding.acquires[0].stack == StackId{9});
  CHECK(finding.acquires[0].is_release);
  CHECK(finding.acquires[0].is_certain);
}

TEST_CASE("an audit counts the objects on which events and memory agree") {
  EventHeap heap;
  for (int i = 0; i < 20; i++) heap.root(heap.object(1, 0));
  heap.root(heap.object(2, 0), 7);
  const Analysis analysis = heap.analyze();
  CHECK(analysis.totals.audited_objects == 21);
  CHECK(analysis.totals.agreeing_objects == 20);
  CHECK(analysis.warnings.empty());  // one of many may have been caught in a count
}

TEST_CASE("where only GLib's own functions told events, other counts are not held against them") {
  EventHeap heap(true);
  for (int i = 0; i < 5; i++) heap.root(heap.object(2, 0), 7);
  heap.object(1, 0);  // lost
  const Analysis analysis = heap.analyze();
  CHECK(analysis.totals.audited_objects == 0);
  CHECK(analysis.warnings.empty());
  for (const Finding& finding : analysis.findings)
    for (const std::string& line : finding.evidence) CHECK(line.find("events") == line.npos);
}
