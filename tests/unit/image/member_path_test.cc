#include "analyzer/image/member_path.h"

#include <catch2/catch.hpp>

using namespace reftally;

namespace {

TypeMember member(const char* name, uint64_t offset, const Type* type, bool is_base = false) {
  TypeMember result;
  result.name = name;
  result.offset = offset;
  result.type = type;
  result.is_base = is_base;
  return result;
}

}  // namespace

TEST_CASE("a place inside a value reads as source does") {
  Type word, pointer, base, cell, cells, owner;
  word.kind = Type::Kind::kBase;
  word.size = 8;
  pointer.size = 16;
  pointer.members = {member("_M_ptr", 0, &word), member("_M_refcount", 8, &word)};
  base.size = 8;
  base.members = {member("id_", 0, &word)};
  cell.size = 24;
  cell.members = {member("weight_", 0, &word), member("target_", 8, &pointer)};
  cells.kind = Type::Kind::kArray;
  cells.size = 48;
  cells.target = &cell;
  owner.size = 56;
  owner.members = {member("", 0, &base, true), member("cells_", 8, &cells)};
  for (Type* type : {&pointer, &base, &cell, &owner}) type->kind = Type::Kind::kClass;

  CHECK(member_path(owner, 0) == ".id_");
  CHECK(member_path(owner, 8) == ".cells_[0].weight_");
  CHECK(member_path(owner, 40) == ".cells_[1].target_");
  CHECK(member_path(owner, 48) == ".cells_[1].target_");  // inside a library class
  CHECK(member_path(owner, 56).empty());
  CHECK(member_path(word, 0).empty());
}
