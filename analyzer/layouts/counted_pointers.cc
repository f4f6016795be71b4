#include "analyzer/layouts/counted_pointers.h"

#include "analyzer/layouts/paths.h"

namespace reftally {

namespace {

constexpr int kDeepestBase = 16;

struct Leaves {
  int count = 0;
  int pointers = 0;  // to classes
  PointerShape shape;
  bool has_destructor = false;
};

void collect_leaves(const Type& type, uint64_t offset, Leaves& leaves, int depth) {
  leaves.has_destructor |= type.has_user_destructor;
  for (const TypeMember& member : type.members) {
    if (!member.type || member.is_virtual_base || depth > kDeepestBase) {
      ++leaves.count;
    } else if (member.type->kind == Type::Kind::kClass) {
      collect_leaves(*member.type, offset + member.offset, leaves, depth + 1);
    } else {
      ++leaves.count;
      const bool to_class = member.type->kind == Type::Kind::kPointer && member.type->target &&
                            member.type->target->kind == Type::Kind::kClass;
      if (!to_class) continue;
      ++leaves.pointers;
      leaves.shape = {offset + member.offset, member.type->target};
    }
  }
}

}  // namespace

std::optional<PointerShape> pointer_shape(const Type& type, const StatedCounts& stated) {
  if (type.kind != Type::Kind::kClass) return std::nullopt;
  const bool is_stated = stated.is_pointer(type);
  if (!is_stated && type.size != 8) return std::nullopt;
  if (!is_stated && is_library_scope(type.scope) && type.template_name() != "intrusive_ptr") return std::nullopt;
  Leaves leaves;
  collect_leaves(type, 0, leaves, 0);
  if (is_stated) return leaves.pointers == 1 ? std::optional(leaves.shape) : std::nullopt;
  if (leaves.count != 1 || !leaves.shape.pointee || !leaves.has_destructor) return std::nullopt;
  return leaves.shape;
}

}  // namespace reftally
