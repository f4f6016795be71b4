#include "analyzer/layouts/alignment.h"

#include <algorithm>
#include <bit>

namespace reftally {

namespace {

constexpr uint64_t kWidest = 4096;  // that is believed when said
constexpr uint64_t kWidestGuessed = 64;
constexpr uint64_t kWidestScalar = 16;  // long double, __int128
constexpr int kDeepest = 64;

// Of a scalar, and a guess for what nothing else is known of.
uint64_t alignment_of_size(uint64_t size, uint64_t widest) { return size ? std::min(std::bit_floor(size), widest) : 1; }

// A class that is longer than its members need is so for its alignment; where the size of one is not known (libdw has
// none of a pointer to a member), who can say.
uint64_t alignment_of_class(const Type& type, int depth) {
  if (type.members.empty()) return alignment_of_size(type.size, sizeof(uint64_t));
  uint64_t alignment = 1, end = 0;
  bool is_known = true;
  for (const TypeMember& member : type.members) {
    if (!member.type || member.is_virtual_base || member.type->size == 0) {
      is_known = false;
      alignment = std::max<uint64_t>(alignment, sizeof(uint64_t));
      continue;
    }
    alignment = std::max(alignment, alignment_of(*member.type, depth + 1));
    end = std::max(end, member.offset + member.type->size);
  }
  for (uint64_t wider = alignment; is_known && wider <= kWidestGuessed; wider *= 2)
    if (round_up(end, wider) == type.size) return wider;
  return alignment;
}

}  // namespace

uint64_t alignment_of(const Type& type, int depth) {
  if (depth > kDeepest) return 1;
  if (std::has_single_bit(type.alignment) && type.alignment <= kWidest) return type.alignment;
  switch (type.kind) {
    case Type::Kind::kClass:
    case Type::Kind::kUnion:
      return alignment_of_class(type, depth);
    case Type::Kind::kArray:
      return type.target ? alignment_of(*type.target, depth + 1) : 1;
    case Type::Kind::kBase:
      return alignment_of_size(type.size, kWidestScalar);
    default:
      return alignment_of_size(type.size, sizeof(uint64_t));
  }
}

}  // namespace reftally
