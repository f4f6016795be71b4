#include "analyzer/flavours/matched_releases.h"

#include <catch2/catch.hpp>

using namespace reftally;
using Row = EventTallies::Row;

namespace {

// A call from `parent`'s frame.
StackId call(Image& image, uint64_t ip, StackId parent = {}) {
  if (image.stacks.empty()) image.stacks.emplace_back();
  image.stacks.push_back({ip, parent});
  return StackId{static_cast<uint32_t>(image.stacks.size() - 1)};
}

// Sixteen bytes of code a function.
const FunctionOf kFunctions = [](uint64_t ip) { return std::to_string(ip / 16); };

Row taken(StackId stack, int32_t units = 1) { return {0, 0, stack, units}; }
Row given(StackId stack, int32_t units = 1) { return {0, 0, stack, -units}; }

}  // namespace

TEST_CASE("a release belongs to the acquire of the same call, however often") {
  Image image;
  const StackId main = call(image, 0x10), use = call(image, 0x20, main);
  std::vector<Row> rows{taken(call(image, 0x31, use), 7), given(call(image, 0x32, use), 7),
                        taken(call(image, 0x41, main))};
  match_releases(image, call(image, 0x11, main), true, kFunctions, rows);
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].balance == 1);
  CHECK(image.stacks[index(rows[0].stack)].ip == 0x41);
}

TEST_CASE("the release nearest to the birth gives back what the object was born with") {
  Image image;
  const StackId main = call(image, 0x10);
  std::vector<Row> rows{taken(call(image, 0x50, call(image, 0x12, main))), given(call(image, 0x13, main))};
  match_releases(image, call(image, 0x11, main), true, kFunctions, rows);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].balance == 1);
  CHECK(rows[1].balance == -1);
}

TEST_CASE("of two acquires that are alike, none is taken for the one given back") {
  Image image;
  const StackId main = call(image, 0x10);
  std::vector<Row> rows{taken(call(image, 0x21, main)), taken(call(image, 0x22, main)), given(call(image, 0x23, main))};
  match_releases(image, call(image, 0x70, call(image, 0x60)), true, kFunctions, rows);
  CHECK(rows.size() == 3);
}

TEST_CASE("where the ways part in two functions a release may be of any reference") {
  Image image;
  const StackId main = call(image, 0x10), queue = call(image, 0x20, main);
  std::vector<Row> rows{taken(call(image, 0x31, queue)), given(call(image, 0x41, queue))};
  match_releases(image, call(image, 0x51, main), true, kFunctions, rows);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].undecided);
  CHECK(rows[1].undecided);
}

TEST_CASE("the only reference that is left is the one given back, wherever that happens") {
  Image image;
  const StackId main = call(image, 0x10), queue = call(image, 0x20, main);
  std::vector<Row> rows{given(call(image, 0x41, queue))};
  match_releases(image, call(image, 0x51, main), true, kFunctions, rows);
  REQUIRE(rows.size() == 1);
  CHECK(!rows[0].undecided);
}
