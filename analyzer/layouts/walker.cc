#include "analyzer/layouts/walker.h"

#include <algorithm>

#include "analyzer/layouts/layouts.h"

namespace reftally {

namespace {

// What a uintptr_t holds is a pointer of no type.
const Type& address_type() {
  static const Type kNothing{.name = "void"};
  static const Type kAddress{.kind = Type::Kind::kPointer, .name = "uintptr_t", .size = 8, .target = &kNothing};
  return kAddress;
}

// Types nested deeper than this by value are not real.
constexpr int kDeepest = 64;
constexpr uint64_t kSmallestOpaque = 16;  // a byte array that could hold a shared_ptr

bool has_only_name(const TypeMember& member) {
  return member.type && member.type->is_declaration && member.type->size == 0 && !member.is_virtual_base;
}

// In order; none where no member asks for them.
std::vector<uint64_t> member_begins(const Type& type) {
  std::vector<uint64_t> begins;
  if (std::none_of(type.members.begin(), type.members.end(), has_only_name)) return begins;
  for (const TypeMember& member : type.members) begins.push_back(member.offset);
  std::sort(begins.begin(), begins.end());
  return begins;
}

void walk_members(Walker& walker, const Plan& plan, const Value& value) {
  for (const TypeMember& member : plan.members) {
    uint64_t offset = member.offset;
    if (member.is_virtual_base) {
      const std::optional<int64_t> found = walker.types().virtual_base_offset(value.address, member);
      if (!found) {  // somewhere in the value, where only its vtable knows
        walker.give_up(value);
        continue;
      }
      offset = static_cast<uint64_t>(*found);
    }
    walker.walk_in_turn(member.type, value.address + offset, walker.paths().member(value.path, *plan.type, member),
                        value.index);
  }
}

void walk_pointer(Walker& walker, const Plan& plan, const Value& value) {
  const std::optional<uint64_t> target = walker.word(value.address);
  if (target && *target && walker.visitor().take(value.address)) {
    walker.visitor().pointer(value, *target, plan.type->target, false);
  }
}

void walk_array(Walker& walker, const Plan& plan, const Value& value) {
  const uint64_t size = plan.type->element_count * plan.element->size;
  if (size / plan.element->size != plan.type->element_count ||
      !walker.in_one_piece(value.address, value.address + size)) {
    return walker.give_up(value);
  }
  const PathId path = walker.paths().element(value.path, plan.element);
  for (uint64_t i = 0; i < plan.type->element_count; ++i) {
    walker.walk_in_turn(plan.element, value.address + i * plan.element->size, path, static_cast<uint32_t>(i));
  }
}

// Where the value's pointer stands in a smart pointer that has two; that of the count is told first.
std::optional<uint64_t> value_place(const Plan& plan, const Value& value) {
  return plan.flag ? std::optional(value.address + plan.offsets[2]) : std::nullopt;
}

uint64_t counter_behind(const Walker& walker, const Plan& plan, uint64_t target) {
  if (plan.offsets[1] != static_cast<uint64_t>(kWhereObjectHasIt)) return target + plan.offsets[1];
  return walker.visitor().counter_of_object(target);
}

// A smart pointer that counts inside what it points to, or beside it.
void walk_counted_inside(Walker& walker, const Plan& plan, const Value& value) {
  const uint64_t at = value.address + plan.offsets[0];
  const std::optional<uint64_t> target = walker.word(at);
  if (!target) return walker.give_up(value);
  const std::optional<uint64_t> value_at = value_place(plan, value);
  const uint64_t counter = counter_behind(walker, plan, *target);
  const bool counts = *target != 0 && walker.visitor().is_counter(counter);
  if (value_at && !counts) return walk_members(walker, plan, value);
  if (*target == 0 || !walker.visitor().take(at)) return;
  const Value place{value.type, at, value.path, value.index};
  if (!counts) return walker.visitor().pointer(place, *target, plan.element, false);  // static, or inside another
  if (value_at) walker.visitor().take(*value_at);
  walker.visitor().counted(place, counter, true);
}

void walk_lone_pointer(Walker& walker, const Plan& plan, const Value& value) {
  const std::optional<uint64_t> target = walker.word(value.address + plan.offsets[0]);
  const std::optional<uint64_t> value_at = value_place(plan, value);
  if (target && *target) {
    const uint64_t leads_to = value_at ? walker.word(*value_at).value_or(0) : 0;
    walker.visitor().lone_pointer(*plan.type, *target, leads_to);
  }
  walk_members(walker, plan, value);
}

void walk_opaque(Walker& walker, const Plan&, const Value& value) { walker.give_up(value); }

bool is_plain_class(const Plan& plan) { return plan.walk == walk_members || plan.walk == walk_lone_pointer; }

// Pointers of any alternative. Which of them is alive the program knows; what stands there may speak for one.
void tell_alternatives(Walker& walker, const Plan& plan, uint64_t address, PathId path, int depth = 0) {
  for (const TypeMember& member : plan.members) {
    if (member.is_virtual_base || depth > kDeepest) continue;
    const Plan& how = walker.plan(member.type);
    const uint64_t at = address + member.offset;
    const PathId inner = walker.paths().member(path, *plan.type, member);
    if (how.is_leaf) {
      const bool is_smart = !member.type->template_arguments.empty();
      const Type* const pointee = is_smart ? member.type->template_arguments[0] : member.type->target;
      walker.visitor().alternative({member.type, at + how.offsets[0], inner}, pointee);
    } else if (is_plain_class(how) || member.type->kind == Type::Kind::kUnion) {
      tell_alternatives(walker, how, at, inner, depth + 1);
    }
  }
}

void walk_union(Walker& walker, const Plan& plan, const Value& value) {
  walker.give_up(value);
  tell_alternatives(walker, plan, value.address, value.path);
}

bool is_byte_array(const Type& type) {
  return type.kind == Type::Kind::kArray && type.target && type.target->size == 1 && type.size >= kSmallestOpaque;
}

const TypeMember* find_direct(const Type& type, std::string_view name, uint64_t& offset, int depth) {
  for (const TypeMember& member : type.members) {
    if (!member.is_base && member.name == name) return offset += member.offset, &member;
  }
  for (const TypeMember& member : type.members) {
    const bool transparent = (member.is_base && !member.is_virtual_base) || member.name.empty();
    if (!transparent || !member.type || depth > kDeepest) continue;
    uint64_t inner = 0;
    if (const TypeMember* found = find_direct(*member.type, name, inner, depth + 1)) {
      offset += member.offset + inner;
      return found;
    }
  }
  return nullptr;
}

}  // namespace

std::optional<MemberPlace> find_member(const Type& type, std::initializer_list<std::string_view> names) {
  MemberPlace place{0, &type};
  for (std::string_view name : names) {
    const TypeMember* member = place.type ? find_direct(*place.type, name, place.offset, 0) : nullptr;
    if (!member) return std::nullopt;
    place.type = member->type;
  }
  return place;
}

const CountedPointers Walker::kNoCounts;
const StatedCounts Walker::kNothingStated;

Walker::Walker(const Image& image, const DebugTypes& types, Paths& paths, const CountedPointers& own,
               const StatedCounts& stated)
    : image_(image), types_(types), paths_(paths), own_(own), stated_(stated) {}

void Walker::walk(const Value& value, ValueVisitor& visitor) {
  visitor_ = &visitor;
  push(value.type, value.address, value.path, value.index);
  while (!pending_.empty()) {
    const Pending next = pending_.back();
    pending_.pop_back();
    at_ = next.value.path;
    waiting_before_ = pending_.size();
    next.plan->walk(*this, *next.plan, next.value);
    std::reverse(pending_.begin() + waiting_before_, pending_.end());  // members and elements in their own order
  }
}

void Walker::push(const Type* type, uint64_t address, PathId path, uint32_t index) {
  if (!type) return;
  const Plan& how = plan(type);
  if (how.walk) pending_.push_back({{type, address, path, index}, &how});
}

bool Walker::in_one_piece(uint64_t begin, uint64_t end) const {
  if (begin > end) return false;
  const uint32_t block = image_.block_at(begin);
  if (block != Image::kNoBlock) return end <= image_.blocks[block].address + image_.blocks[block].size;
  const ImageMapping* mapping = image_.mapping_at(begin);
  return mapping && end <= mapping->end;
}

const Plan& Walker::find_plan(const Type* type) {
  if (auto found = plans_.find(type); found != plans_.end()) return found->second;
  plans_.emplace(type, Plan{.type = type});  // a type inside itself, which only bad debug information has: nothing
  Plan made = make_plan(*type);
  return plans_[type] = std::move(made);
}

Plan Walker::make_plan(const Type& type) {
  Plan made{.type = &type};
  switch (type.kind) {
    case Type::Kind::kClass:
      return plan_class(type);
    case Type::Kind::kUnion:
      return plan_union(type);
    case Type::Kind::kPointer:
    case Type::Kind::kReference:
      made.walk = walk_pointer;
      made.is_leaf = true;
      return made;
    case Type::Kind::kArray:
      made.element = type.target;
      if (is_byte_array(type))
        made.walk = walk_opaque;
      else if (type.target && type.target->size && has_references(type.target))
        made.walk = walk_array;
      return made;
    default:
      return made;
  }
}

Plan Walker::plan_union(const Type& type) {
  Plan made{.type = &type};
  if (type.size >= 8) made.walk = walk_union;
  for (const TypeMember& member : type.members)
    if (!member.is_bit_field && has_references(member.type)) made.members.push_back(member);
  return made;
}

// A base or member of a class of which a library without debug information has all but the name: so many bytes as come
// before the next member, of which nothing is known. nullptr where there are none.
const Type* Walker::undescribed(const Type& type, const TypeMember& member, const std::vector<uint64_t>& begins) {
  if (!has_only_name(member)) return nullptr;
  const auto next = std::upper_bound(begins.begin(), begins.end(), member.offset);
  const uint64_t end = next == begins.end() ? type.size : std::min(type.size, *next);
  if (end <= member.offset) return nullptr;
  auto [found, added] = undescribed_.try_emplace(end - member.offset);
  if (added) {
    found->second.kind = Type::Kind::kClass;
    found->second.size = end - member.offset;
    found->second.is_declaration = true;
  }
  return &found->second;
}

Plan Walker::plan_class(const Type& type) {
  Plan made{.type = &type};
  if (const Layout* layout = find_layout(type)) {
    if (layout->plan(type, made)) return made;
    made = Plan{.walk = walk_opaque, .type = &type};
    return made;
  }
  if (type.is_declaration) {
    if (type.size) made.walk = walk_opaque;
    return made;
  }
  const std::vector<uint64_t> begins = member_begins(type);
  for (const TypeMember& member : type.members) {
    if (member.is_bit_field || member.name.starts_with("_vptr")) continue;
    const Type* const bytes = undescribed(type, member, begins);
    if (!has_references(member.type) && !member.is_address && !bytes) continue;
    made.members.push_back(member);
    if (bytes) made.members.back().type = bytes;
    if (member.is_address) made.members.back().type = &address_type();
  }
  if (!made.members.empty()) made.walk = walk_members;
  if (const std::optional<PointerShape> shape = pointer_shape(type, stated_)) plan_lone_pointer(*shape, made);
  return made;
}

void Walker::plan_lone_pointer(const PointerShape& shape, Plan& plan) const {
  plan.offsets[0] = shape.offset;
  plan.offsets[2] = shape.value_offset.value_or(0);
  plan.flag = shape.value_offset.has_value();
  plan.element = shape.pointee;
  plan.walk = walk_lone_pointer;
  if (const auto known = own_.classes.find(plan.type->name); known != own_.classes.end()) {
    plan.offsets[1] = static_cast<uint64_t>(known->second);
    plan.walk = walk_counted_inside;
  }
}

bool Walker::is_plausible(const Type& type, uint64_t address, const ValueVisitor& visitor, int depth) {
  const Plan& how = plan(&type);
  if (!how.walk || depth > kDeepest) return true;
  if (is_plain_class(how)) {
    return std::all_of(how.members.begin(), how.members.end(), [&](const TypeMember& member) {
      return member.is_virtual_base || is_plausible(*member.type, address + member.offset, visitor, depth + 1);
    });
  }
  const std::string_view name = type.template_name();
  if (type.scope != "std") return true;
  if (name == "shared_ptr" || name == "weak_ptr") {
    const std::optional<uint64_t> counter = image_.word(address + 8);
    return counter && (*counter == 0 || visitor.is_counter(*counter));
  }
  if (name == "vector" && type.size == 24) {
    const auto begin = image_.word(address), end = image_.word(address + 8), limit = image_.word(address + 16);
    return begin && end && limit && *begin <= *end && *end <= *limit && (*begin != 0 || *limit == 0);
  }
  return true;
}

}  // namespace reftally
