#include "runtime/core/live_table.h"

#include <catch2/catch.hpp>

using namespace reftally::runtime;

TEST_CASE("a block is found by its address, and not by another address of its slot") {
  for (const uint32_t spacing : {8u, 16u, 32u}) {
    for (const uint64_t in_slot : {0u, 8u, 16u, 24u}) {
      LiveTable table;
      REQUIRE(table.create(spacing));
      const uint64_t block = 0x7f0000000000 + in_slot;
      REQUIRE(table.add(block, 40, 7, 0));
      for (const uint64_t asked : {0u, 8u, 16u, 24u}) {
        LiveBlock found{};
        CHECK(table.find(0x7f0000000000 + asked, found) == (asked == in_slot));
        if (asked < in_slot) continue;
        REQUIRE(table.find_around(0x7f0000000000 + asked, found));
        CHECK(found.address == block);
      }
      table.remove(block);
      LiveBlock found{};
      CHECK_FALSE(table.find(block, found));
    }
  }
}
