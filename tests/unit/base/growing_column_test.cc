#include "analyzer/base/growing_column.h"

#include <algorithm>
#include <catch2/catch.hpp>

namespace reftally {
namespace {

struct Row {
  uint64_t number = 7;
  uint32_t half = 1;
};

}  // namespace

TEST_CASE("a growing column keeps its rows, however far it grows") {
  GrowingColumn<Row> column;
  constexpr uint64_t kRows = 1'000'000;  // 16 MB: the allocator's first, then a mapping that moves
  for (uint64_t i = 0; i < kRows; i++) column.push_back({i, static_cast<uint32_t>(i / 2)});
  REQUIRE(column.size() == kRows);
  CHECK(std::all_of(column.begin(), column.end(),
                    [&](const Row& row) { return row.number == uint64_t(&row - column.data()); }));
  CHECK(column.back().half == kRows / 2 - 1);
  GrowingColumn<Row> moved = std::move(column);
  moved.reserve(2 * kRows);
  CHECK(moved.back().number == kRows - 1);
}

TEST_CASE("a row of a growing column can be appended to it again") {
  GrowingColumn<Row> column;
  column.push_back({42, 3});
  for (int i = 0; i < 1000; i++) column.push_back(column.front());
  CHECK(std::all_of(column.begin(), column.end(), [](const Row& row) { return row.number == 42; }));
}

TEST_CASE("a growing column is moved, cut and given back") {
  GrowingColumn<Row> column;
  for (uint64_t i = 0; i < 10; i++) column.push_back({i, 0});
  GrowingColumn<Row> moved = std::move(column);
  moved.truncate(4);
  CHECK(moved.size() == 4);
  CHECK(moved.back().number == 3);
  moved.release();
  CHECK(moved.empty());
  moved.push_back({});
  CHECK(moved.front().number == 7);
}

}  // namespace reftally
