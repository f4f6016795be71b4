#include "analyzer/layouts/alignment.h"

#include <catch2/catch.hpp>

#include "tests/support/type_builder.h"

using namespace reftally;
using namespace reftally::test;

TEST_CASE("a class is aligned as its widest member is") {
  TypeBuilder types;
  const Type* letter = types.integer("char", 1);
  const Type* wide = types.integer("long double", 16);
  CHECK(alignment_of(*letter) == 1);
  CHECK(alignment_of(*types.pointer(letter)) == 8);
  CHECK(alignment_of(*types.structure("Mixed", 16, {{"a", 0, letter}, {"p", 8, types.pointer(letter)}})) == 8);
  CHECK(alignment_of(*types.structure("Wide", 32, {{"a", 0, letter}, {"x", 16, wide}})) == 16);
}

TEST_CASE("a class that is longer than its members need is aligned for its own sake") {
  TypeBuilder types;
  const Type* pointer = types.pointer(types.integer("char", 1));
  CHECK(alignment_of(*types.structure("Padded", 32, {{"a", 0, pointer}, {"b", 8, pointer}, {"c", 16, pointer}})) == 16);
  CHECK(alignment_of(*types.structure("Cache", 64, {{"a", 0, pointer}})) == 64);
  const Type member_pointer{.kind = Type::Kind::kMemberPointer};
  CHECK(alignment_of(*types.structure("Unknown", 16, {{"a", 0, pointer}, {"b", 0, &member_pointer}})) == 8);
  CHECK(alignment_of(*types.structure("Odd", 24, {{"a", 0, pointer}})) == 8);  // of a size that no alignment explains
}

TEST_CASE("what debug information says of an alignment is believed, within reason") {
  Type slot{.kind = Type::Kind::kClass, .name = "Slot", .size = 16, .alignment = 16};
  CHECK(alignment_of(slot) == 16);
  slot.alignment = 24;
  CHECK(alignment_of(slot) == 8);
  slot.alignment = uint64_t{1} << 40;
  CHECK(alignment_of(slot) == 8);
}
