#include "analyzer/layouts/counts_behind.h"

#include <optional>
#include <string>

#include "analyzer/layouts/counted_pointers.h"

namespace reftally {

namespace {

constexpr int kDeepestBase = 16;

// Weak references have pointers of their own: where the object has one, "strong" says enough.
bool reads_as_owners(const std::string& name) {
  const bool is_strong = name.find("trong") != name.npos;
  return (is_strong || reads_as(CountName::kOnlyCount, name)) && !reads_as_weak(name);
}

class Collector {
 public:
  Collector(const DebugTypes& types, uint64_t object) : types_(types), object_(object) {}

  std::vector<CountBehind> run(const Type& type) {
    collect(type, 0, 0);
    return std::move(found_);
  }

 private:
  void collect(const Type& type, uint64_t offset, int depth) {
    if (depth > kDeepestBase) return;
    for (const TypeMember& member : type.members) {
      if (!member.type || member.is_bit_field) continue;
      if (!member.is_base) {
        if (member.type->kind == Type::Kind::kPointer) add(type, member, offset + member.offset);
      } else if (!member.is_virtual_base) {
        collect(*member.type, offset + member.offset, depth + 1);
      } else if (const auto from_here = types_.virtual_base_offset(object_ + offset, member)) {
        collect(*member.type, offset + static_cast<uint64_t>(*from_here), depth + 1);
      }
    }
  }

  void add(const Type& owner, const TypeMember& member, uint64_t pointer) {
    const Type* target = member.type->target;
    if (target && target->is_declaration) target = types_.find(target->name);
    if (!target) return;
    if (const Type* const integer = wrapped_integer(*target)) {
      if (reads_as_owners(member.name))
        found_.push_back({pointer, {owner.name, member.name, 0, integer->size, {}, true}});
    } else if (target->kind == Type::Kind::kClass && is_nothing_but_counts(*target, &owner)) {
      for (const Counter& counter : counters_of(*target))
        if (reads_as_owners(counter.name))
          found_.push_back(
              {pointer, {owner.name, member.name + "->" + counter.name, counter.offset, counter.size, {}, true}});
    }
  }

  const DebugTypes& types_;
  uint64_t object_;
  std::vector<CountBehind> found_;
};

}  // namespace

std::vector<CountBehind> counts_behind(const Type& type, const DebugTypes& types, uint64_t address) {
  return Collector(types, address).run(type);
}

}  // namespace reftally
