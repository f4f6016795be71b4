#include "analyzer/layouts/counted_pointers.h"

#include <algorithm>
#include <vector>

#include "analyzer/layouts/counters.h"
#include "analyzer/layouts/paths.h"

namespace reftally {

namespace {

constexpr int kDeepestBase = 16;

constexpr uint64_t kPairSize = 16, kLargestCountBlock = 64;

struct Leaf {
  uint64_t offset;
  const TypeMember* member;
};

struct Leaves {
  int count = 0;
  int pointers = 0;  // to classes
  PointerShape shape;
  std::vector<Leaf> all_pointers;
  bool has_destructor = false, is_weak = false;
};

void collect_leaves(const Type& type, uint64_t offset, Leaves& leaves, int depth) {
  leaves.has_destructor |= type.has_user_destructor;
  leaves.is_weak |= reads_as_weak(type.template_name());
  for (const TypeMember& member : type.members) {
    if (!member.type || member.is_virtual_base || depth > kDeepestBase) {
      ++leaves.count;
    } else if (member.type->kind == Type::Kind::kClass) {
      collect_leaves(*member.type, offset + member.offset, leaves, depth + 1);
    } else {
      ++leaves.count;
      if (member.type->kind != Type::Kind::kPointer || !member.type->target) continue;
      leaves.all_pointers.push_back({offset + member.offset, &member});
      if (member.type->target->kind != Type::Kind::kClass) continue;
      ++leaves.pointers;
      leaves.shape = {offset + member.offset, member.type->target};
    }
  }
}

bool leads_to_count(const TypeMember& pointer, const Type* value) {
  const Type& target = *pointer.type->target;
  if (wrapped_integer(target) && reads_as(CountName::kOnlyCount, pointer.name)) return true;
  return target.kind == Type::Kind::kClass && target.size <= kLargestCountBlock &&
         is_nothing_but_counts(target, value) && may_count(target, CountName::kOnlyCount);
}

// A template whose one pointer leads to its first argument, the other to the count. A class that is none may as well be
// a child with its parent.
std::optional<PointerShape> shape_of_pair(const Type& type, const Leaves& leaves) {
  if (leaves.all_pointers.size() != 2 || leaves.is_weak || !leaves.has_destructor) return std::nullopt;
  if (type.template_arguments.empty()) return std::nullopt;
  for (int i = 0; i < 2; ++i) {
    const Leaf &value = leaves.all_pointers[i], &count = leaves.all_pointers[1 - i];
    const Type* const counter = count.member->type->target;
    if (value.member->type->target != type.template_arguments.front() || counter == value.member->type->target)
      continue;
    if (leads_to_count(*count.member, value.member->type->target))
      return PointerShape{count.offset, counter, value.offset, value.member->type->target, count.member->name};
  }
  return std::nullopt;
}

// QString, QByteArray and QList of Qt 6 have { data, begin, size }.
std::optional<PointerShape> shape_of_qt6(const Type& type) {
  for (const TypeMember& member : type.members)
    if (member.name == "d" && member.type && member.type->kind == Type::Kind::kPointer && member.type->target)
      return PointerShape{member.offset, member.type->target, std::nullopt, nullptr, {}};
  return std::nullopt;
}

}  // namespace

bool is_nothing_but_counts(const Type& type, const Type* value, int depth) {
  return depth <= kDeepestBase && std::all_of(type.members.begin(), type.members.end(), [&](const TypeMember& member) {
           if (!member.type || member.name.starts_with("_vptr") || member.type->size == 0) return true;
           if (wrapped_integer(*member.type)) return true;
           if (member.type->kind == Type::Kind::kClass) return is_nothing_but_counts(*member.type, value, depth + 1);
           if (member.type->kind != Type::Kind::kPointer) return member.type->kind != Type::Kind::kArray;
           const Type* const target = member.type->target;
           return !target || target == value || target->kind == Type::Kind::kFunction ||
                  target->kind == Type::Kind::kVoid;
         });
}

std::optional<PointerShape> pointer_shape(const Type& type, const StatedCounts& stated) {
  if (type.kind != Type::Kind::kClass) return std::nullopt;
  const bool is_stated = stated.is_pointer(type);
  if (!is_stated && type.scope.empty() && type.template_name() == "QArrayDataPointer") return shape_of_qt6(type);
  if (!is_stated && type.size != 8 && type.size != kPairSize) return std::nullopt;
  if (!is_stated && is_library_scope(type.scope) && type.template_name() != "intrusive_ptr") return std::nullopt;
  Leaves leaves;
  collect_leaves(type, 0, leaves, 0);
  if (!is_stated && type.size != 8) return shape_of_pair(type, leaves);
  if (is_stated) return leaves.pointers == 1 ? std::optional(leaves.shape) : std::nullopt;
  if (leaves.count != 1 || !leaves.shape.pointee || !leaves.has_destructor) return std::nullopt;
  return leaves.shape;
}

}  // namespace reftally
