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

TEST_CASE("a growing column becomes one of another type where it stands, less what is left out") {
  struct Other {
    uint32_t half = 0;
    uint64_t number = 0;
  };
  for (const uint64_t rows : {uint64_t{10}, uint64_t{1'000'000}}) {
    GrowingColumn<Row> column;
    for (uint64_t i = 0; i < rows; i++) column.push_back({i, static_cast<uint32_t>(i / 2)});
    const void* place = column.data();
    GrowingColumn<Other> other = std::move(column).convert_to<Other>([](const Row& row, Other& to) {
      to = {row.half, row.number};
      return row.number % 3 != 0;
    });
    CHECK(static_cast<const void*>(other.data()) == place);
    REQUIRE(other.size() == rows - (rows + 2) / 3);
    CHECK(other[1].number == 2);
    CHECK(other.back().half == other.back().number / 2);
  }
}

TEST_CASE("a growing column that is consumed shows each row once, in order") {
  for (const uint64_t rows : {uint64_t{0}, uint64_t{10}, uint64_t{5'000'000}}) {  // 80 MB: several pieces go
    GrowingColumn<Row> column;
    for (uint64_t i = 0; i < rows; i++) column.push_back({i, static_cast<uint32_t>(i / 2)});
    uint64_t next = 0;
    bool as_filled = true;
    std::move(column).consume([&](const Row& row) {
      as_filled = as_filled && row.number == next && row.half == next / 2;
      next++;
    });
    CHECK(next == rows);
    CHECK(as_filled);
    CHECK(column.empty());
  }
}

}  // namespace reftally
