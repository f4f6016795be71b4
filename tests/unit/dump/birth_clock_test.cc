// Codes of births order as times do.
#include "runtime/core/birth_clock.h"

#include <catch2/catch.hpp>
#include <random>

using reftally::runtime::birth_code;

TEST_CASE("codes of births never go back, whatever the age of the program") {
  std::mt19937_64 random(7);
  for (int round = 0; round < 100'000; round++) {
    const uint64_t a = random() >> random() % 64, b = a + (random() >> random() % 64) / 2;
    if (b < a) continue;
    CHECK(birth_code(a) <= birth_code(b));
  }
  CHECK(birth_code(~uint64_t{0}) >= birth_code(~uint64_t{0} >> 1));
}

TEST_CASE("no birth reads as unknown, and births far enough apart differ") {
  CHECK(birth_code(0) == 1);
  CHECK(birth_code(63) == 2);
  const uint64_t hour = 3'600ull * 3'000'000'000, microseconds = 3'000;
  CHECK(birth_code(hour) < birth_code(hour + 100 * microseconds));
  CHECK(birth_code(60 * hour) < birth_code(60 * hour + hour));
}
