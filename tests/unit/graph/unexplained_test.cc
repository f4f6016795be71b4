#include "analyzer/graph/unexplained.h"

#include <catch2/catch.hpp>

#include "analyzer/heap/drawing.h"

using namespace reftally;

namespace {

// The one row of a drawing in which only the Session does not add up.
Unexplained only_row(const char* drawing) {
  const Heap heap = read_drawing(drawing).heap;
  const std::vector<Unexplained> rows = find_unexplained(heap, close_accounts(heap));
  REQUIRE(rows.size() == 1);
  CHECK(heap.type_name(rows[0].example) == "Session");
  CHECK(rows[0].objects == 1);
  return rows[0];
}

}  // namespace

TEST_CASE("the nearest word to an explanation is the cause of an unexplained unit") {
  CHECK(only_row("static g => a; a =?> s(Session):1").cause == UnexplainedCause::kUncertainWord);
  CHECK(only_row("static g => a; a -> s(Session):1; stack x =?> s").cause == UnexplainedCause::kUncertainStack);
  CHECK(only_row("register x =?> s(Session):1").cause == UnexplainedCause::kUncertainStack);
  CHECK(only_row("static g =?> s(Session):1").cause == UnexplainedCause::kUncertainElsewhere);
  CHECK(only_row("static g -> a; a -> s(Session):1; static h -> s").cause == UnexplainedCause::kAddressInHeap);
  CHECK(only_row("static g -> s(Session):1").cause == UnexplainedCause::kAddressInRoots);
  CHECK(only_row("s(Session):1").cause == UnexplainedCause::kNoWord);
}

TEST_CASE("an object with more holders than counts is overpaid, whatever else points to it") {
  const Unexplained row = only_row("static g => a; a => s(Session):1; a => s; a =?> s; a => s");
  CHECK(row.cause == UnexplainedCause::kOverpaid);
  CHECK(row.units == 2);
}

TEST_CASE("what does not add up is told by type and cause, most objects first") {
  const Heap heap =
      read_drawing("static g -> a(Session):3; b(Session):2; c(Session):4; d(Task):1; e(Task):1{immortal}").heap;
  const std::vector<Unexplained> rows = find_unexplained(heap, close_accounts(heap));
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].cause == UnexplainedCause::kNoWord);
  CHECK(rows[0].objects == 2);
  CHECK(rows[0].units == 6);
}

TEST_CASE("accounts that add up leave nothing to explain") {
  const Heap heap = read_drawing("static g => a; a => b; b => a").heap;
  CHECK(find_unexplained(heap, close_accounts(heap)).empty());
}
