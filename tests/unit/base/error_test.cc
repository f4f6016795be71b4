#include "analyzer/base/error.h"

#include <catch2/catch.hpp>

using reftally::Error;

TEST_CASE("an error about input names file, offset and what was expected") {
  CHECK(std::string(Error("a.tally", 24, "a section header").what()) ==
        "a.tally: at byte 24: expected a section header");
}

TEST_CASE("a broken invariant is an error that names it") {
  CHECK_THROWS_WITH(reftally::require(false, "sorted blocks"), Catch::Contains("sorted blocks"));
}
