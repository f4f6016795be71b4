// What the history of many objects says of them together.
#include "reports/history_summary.h"

#include <catch2/catch.hpp>

using namespace reftally;

namespace {

enum What : uint32_t { kAcquire = 1, kRelease = 2, kReleaseLast = 3, kMove = 4, kBorn = 5 };
constexpr uint64_t kSecond = 1'000'000'000;

class Told {
 public:
  Told() { image_.process.snapshot_time_ns = 10 * kSecond; }

  Told& event(uint64_t at_second, uint32_t what, uint64_t object, uint32_t thread, uint32_t stack = 0) {
    image_.declared.history.push_back({object, 0, 0, at_second * kSecond, stack, thread, what, 0});
    return *this;
  }
  Told& object(uint64_t address) {
    HeapBuilder::Object object;
    object.address = address;
    object.size = 32;
    object.strong_count = 1;
    object.flavour = FlavourId::kSharedPtr;
    objects_.push_back(builder_.add_object(object));
    return *this;
  }
  HistorySummary summary() {
    const Heap heap = std::move(builder_).build();
    return summarize_history(image_, heap, objects_);
  }

 private:
  Image image_;
  HeapBuilder builder_;
  std::vector<ObjectId> objects_;
};

}  // namespace

TEST_CASE("an object that nobody takes, gives back or moves in the second half of its time is left alone") {
  Told told;
  told.object(0x1000).object(0x2000).object(0x3000);
  told.event(0, kAcquire, 0x1000, 1).event(4, kRelease, 0x1000, 1);
  told.event(0, kAcquire, 0x2000, 1).event(9, kMove, 0x2000, 1);
  const HistorySummary summary = told.summary();
  CHECK(summary.objects == 2);
  CHECK(summary.left_alone == 1);
  CHECK(summary.longest == 6);
  CHECK(summary.died == 0);
}

TEST_CASE("an object at the address of one that died has a time of its own") {
  Told told;
  told.object(0x1000);
  told.event(0, kAcquire, 0x1000, 1).event(1, kReleaseLast, 0x1000, 1).event(6, kAcquire, 0x1000, 1);
  told.event(9, kRelease, 0x1000, 1);
  const HistorySummary summary = told.summary();
  CHECK(summary.died == 1);
  CHECK(summary.died_elsewhere == 0);
  CHECK(summary.left_alone == 0);
}

TEST_CASE("who is released last on another thread is counted, with the call that most of them died in") {
  Told told;
  for (uint64_t object : {0x1000, 0x2000, 0x3000}) told.event(1, kAcquire, object, 1);
  told.event(2, kReleaseLast, 0x1000, 2, 70)
      .event(2, kReleaseLast, 0x2000, 3, 70)
      .event(2, kReleaseLast, 0x3000, 1, 71);
  const HistorySummary summary = told.summary();
  CHECK(summary.died == 3);
  CHECK(summary.died_elsewhere == 2);
  CHECK(summary.last_release == StackId{70});
}
