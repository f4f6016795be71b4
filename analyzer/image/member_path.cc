#include "analyzer/image/member_path.h"

#include <fmt/format.h>

namespace reftally {

namespace {

constexpr int kDeepest = 64;  // types nested deeper than this by value are not real

bool holds(const TypeMember& member, uint64_t offset) {
  return member.type && !member.is_virtual_base && !member.is_bit_field && offset >= member.offset &&
         offset - member.offset < member.type->size;
}

const TypeMember* member_at(const Type& type, uint64_t offset) {
  for (const TypeMember& member : type.members) {
    if (holds(member, offset)) return &member;
  }
  return nullptr;
}

bool is_internal(const TypeMember& member) { return member.is_base || member.name.empty() || member.name[0] == '_'; }

}  // namespace

std::string member_path(const Type& type, uint64_t offset) {
  std::string path;
  const Type* at = &type;
  for (int depth = 0; depth < kDeepest && at; ++depth) {
    if (at->kind == Type::Kind::kArray && at->target && at->target->size) {
      path += fmt::format("[{}]", offset / at->target->size);
      offset %= at->target->size;
      at = at->target;
      continue;
    }
    const TypeMember* member = at->kind == Type::Kind::kClass ? member_at(*at, offset) : nullptr;
    if (!member) break;
    if (!is_internal(*member)) path += "." + member->name;
    offset -= member->offset;
    at = member->type;
  }
  return path;
}

}  // namespace reftally
