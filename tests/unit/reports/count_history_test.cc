// What is told of an object whose history was kept.
#include "reports/count_history.h"

#include <catch2/catch.hpp>

using namespace reftally;

namespace {

enum What : uint32_t { kAcquire = 1, kRelease = 2, kReleaseLast = 3, kMove = 4, kBorn = 5 };
constexpr uint64_t kObject = 0x20000000, kNow = 1'000'000'000;

class Told {
 public:
  Told() { image_.process.snapshot_time_ns = kNow; }

  Told& event(uint32_t what, uint64_t holder, uint64_t next_holder = 0) {
    image_.declared.history.push_back({kObject, holder, next_holder, next_time_, 0, 7, what, 0});
    next_time_ += 1000;
    return *this;
  }

  // The history of one object with this strong count, in a report without findings.
  Report report(int64_t strong_count) {
    HeapBuilder builder;
    HeapBuilder::Object object;
    object.address = kObject;
    object.size = 32;
    object.flavour = FlavourId::kSharedPtr;
    object.strong_count = strong_count;
    builder.add_object(object);
    Analysis analysis;
    analysis.heap = std::move(builder).build();
    Report report;
    add_counts(image_, analysis, nullptr, report);
    return report;
  }

 private:
  Image image_;
  uint64_t next_time_ = kNow / 2;
};

}  // namespace

TEST_CASE("a reference that moves is given back by who has it last, and what nobody gave back stays open") {
  Told told;
  told.event(kAcquire, 0x10).event(kAcquire, 0x20).event(kMove, 0x10, 0x30).event(kRelease, 0x30);
  const Report report = told.report(2);
  REQUIRE(report.counts.size() == 1);
  const ReportCounts& counts = report.counts[0];
  CHECK(counts.first == 1);
  CHECK(counts.pairs == 1);
  REQUIRE(counts.open.size() == 1);
  CHECK(counts.open[0].before == 2);
  CHECK(counts.open[0].after == 3);
  REQUIRE(counts.last_given);
  CHECK(counts.last_given->after == 2);
  REQUIRE(counts.points.size() == 3);  // a move changes no count
  CHECK(counts.points[0].after == 2);
  CHECK(counts.points[2].after == 2);
  CHECK(counts.points[2].most == 3);
}

TEST_CASE("what was told of an earlier object at the same address is of the past") {
  Told told;
  told.event(kAcquire, 0x10).event(kReleaseLast, 0x10).event(kBorn, 0x20).event(kAcquire, 0x30);
  const Report report = told.report(2);
  REQUIRE(report.counts.size() == 1);
  CHECK(report.counts[0].points.size() == 2);
  CHECK(Told().event(kAcquire, 0x10).event(kReleaseLast, 0x10).report(1).counts.empty());
}

TEST_CASE("of more events than a picture has room for, a point has the least and the most of its slice") {
  Told told;
  for (int i = 0; i < 3000; i++) told.event(kAcquire, 0x1000 + 8 * i);
  for (int i = 0; i < 3000; i++) told.event(kRelease, 0x1000 + 8 * i);
  const Report report = told.report(1);
  REQUIRE(report.counts.size() == 1);
  const ReportCounts& counts = report.counts[0];
  CHECK(counts.points.size() <= 400);
  CHECK(counts.pairs == 3000);
  CHECK(counts.open.empty());
  int64_t most = 0;
  for (const ReportCountPoint& point : counts.points) {
    CHECK(point.least <= point.after);
    CHECK(point.after <= point.most);
    most = std::max(most, point.most);
  }
  CHECK(most == 3001);
  CHECK(counts.points.back().after == 1);
}
