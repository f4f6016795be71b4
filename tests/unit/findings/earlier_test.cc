// What a snapshot has lost since an earlier one of the same process.
#include "analyzer/findings/earlier.h"

#include <catch2/catch.hpp>

#include "analyzer/heap/drawing.h"

using namespace reftally;

namespace {

// References of the one Session that were lost between two drawings.
int64_t lost(const char* then, const char* now) {
  const Heap before = read_drawing(then).heap, after = read_drawing(now).heap;
  const Earlier earlier(before, close_accounts(before));
  ObjectId session{};
  for (uint32_t i = 0; i < after.object_count(); i++)
    if (after.type_name(ObjectId{i}) == "Session") session = ObjectId{i};
  return earlier.lost_since(after, close_accounts(after), count_candidate_words(after), session);
}

}  // namespace

TEST_CASE("what nobody held then is not lost since") {
  CHECK(lost("static g => s(Session):2", "static g => s(Session):2") == 0);
  CHECK(lost("static g => s(Session):2", "static g => s(Session):5") == 3);
}

TEST_CASE("a new word may hold what is open now") {
  CHECK(lost("static g => s(Session):1", "static g => s(Session):2; static h =?> s") == 0);
  CHECK(lost("static g => s(Session):1", "static g => s(Session):3; static h =?> s") == 1);
}

TEST_CASE("a word that was there then holds what was open then, and no more") {
  CHECK(lost("static g => s(Session):2; static h =?> s", "static g => s(Session):3; static h =?> s") == 1);
}

TEST_CASE("the place of an old word may hold a reference again") {
  CHECK(lost("static g => s(Session):1; static h =?> s", "static g => s(Session):2; static h =?> s") == 0);
  CHECK(lost("static g => s(Session):1; static h =?> s", "static g => s(Session):4; static h =?> s") == 2);
}
