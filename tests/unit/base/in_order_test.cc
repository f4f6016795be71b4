#include "analyzer/base/in_order.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace reftally {
namespace {

// So many threads until the end of the scope.
struct Threads {
  explicit Threads(unsigned count) { set_worker_threads(count); }
  ~Threads() { set_worker_threads(0); }
};

std::string failure_of(size_t pieces, size_t bad_make, size_t bad_take) {
  size_t taken = 0;
  try {
    in_order(
        pieces,
        [&](size_t piece) {
          if (piece >= bad_make) throw std::runtime_error("made " + std::to_string(piece));
          return piece;
        },
        [&](size_t piece) {
          if (piece == bad_take) throw std::runtime_error("took " + std::to_string(piece));
          taken++;
        });
  } catch (const std::runtime_error& error) {
    return error.what() + (" after " + std::to_string(taken));
  }
  return "none";
}

}  // namespace

TEST_CASE("pieces are taken in their order, whoever made them and however long that took") {
  for (unsigned threads : {1u, 2u, 3u, 7u}) {
    const Threads some(threads);
    std::vector<size_t> taken;
    in_order(
        500,
        [](size_t piece) {
          if (piece % 97 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
          return std::vector<size_t>{piece, piece * piece};
        },
        [&](const std::vector<size_t>& made) { taken.insert(taken.end(), made.begin(), made.end()); });
    REQUIRE(taken.size() == 1000);
    for (size_t piece = 0; piece < 500; piece++) {
      REQUIRE(taken[2 * piece] == piece);
      REQUIRE(taken[2 * piece + 1] == piece * piece);
    }
  }
}

TEST_CASE("of several failures the first in order comes out, and nothing behind it is taken") {
  for (unsigned threads : {1u, 2u, 3u, 7u}) {
    const Threads some(threads);
    for (int round = 0; round < 20; round++) {
      CHECK(failure_of(300, 40, 1000) == "made 40 after 40");
      CHECK(failure_of(300, 40, 39) == "took 39 after 39");
      CHECK(failure_of(300, 40, 40) == "made 40 after 40");
      CHECK(failure_of(300, 1000, 0) == "took 0 after 0");
      CHECK(failure_of(300, 1000, 1000) == "none");
    }
  }
}

TEST_CASE("rows are divided without a gap, the last piece as short as it must be") {
  for (const uint32_t rows : {0u, 1u, 2047u, 2048u, 2049u, 100'000u}) {
    uint32_t next = 0;
    in_order_by_rows(
        rows, [](RowRange range) { return range; },
        [&](RowRange range) {
          CHECK(range.first == next);
          CHECK(range.last > range.first);
          next = range.last;
        });
    CHECK(next == rows);
  }
}

}  // namespace reftally
