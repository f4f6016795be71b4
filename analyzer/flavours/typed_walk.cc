#include "analyzer/flavours/typed_walk.h"

#include <algorithm>
#include <utility>

#include "analyzer/flavours/told_fields.h"
#include "analyzer/layouts/type_names.h"

namespace reftally {

TypedWalk::TypedWalk(const Image& image, const DebugTypes& types, const CountedObjects& counted, Holders& holders,
                     WordStates& states, Naming& naming, HeapBuilder& builder, const CountedPointers& own,
                     const StatedCounts& stated, PlainPointers plain)
    : image_(image),
      types_(types),
      counted_(counted),
      holders_(holders),
      states_(states),
      naming_(naming),
      builder_(builder),
      own_(own),
      stated_(stated),
      plain_(plain),
      walker_(image, types, paths_, own, stated),
      slots_(types),
      found_(image),
      declares_(!image.declared.objects.empty()),
      walked_(image.blocks.size()) {}

void TypedWalk::tell_fields() {
  told_ = ToldFields{image_, types_, counted_, holders_, states_, naming_, builder_}.tell(found_.references);
}

TypedReferences TypedWalk::nothing() {
  tell_fields();
  return std::move(found_);
}

TypedReferences TypedWalk::run() {
  tell_fields();
  // Owners of storage first: what they take is not walked again as a block of its own.
  walk_variables();
  walk_counted_values();
  walk_pointees();
  walk_polymorphic_blocks();
  walk_pointees();
  return std::move(found_);
}

// ---- where values of known type are

void TypedWalk::walk_variables() {
  for (const Variable& variable : types_.variables()) {
    if (!is_walkable(variable.type)) continue;
    if (!variable.is_thread_local) {
      walk_variable(variable, variable.address);
      continue;
    }
    for (uint32_t thread = 0; thread < image_.threads.size(); ++thread) {
      thread_ = thread;
      if (const auto address = types_.thread_local_address(thread, variable)) walk_variable(variable, *address);
    }
  }
}

void TypedWalk::walk_variable(const Variable& variable, uint64_t address) {
  const ImageRegion* region = image_.region_at(address);
  if (!region || region->kind == dump::RegionKind::kHeap || region->kind == dump::RegionKind::kRelro) return;
  if (!walker_.has_references(variable.type)) return;
  holder_ = kNoHolder;
  variable_ = &variable;
  root_kind_ = variable.is_thread_local ? RootKind::kThreadLocal : RootKind::kStatic;
  walk({variable.type, address, paths_.variable(variable)}, address + variable.type->size);
  variable_ = nullptr;
}

void TypedWalk::walk_counted_values() {
  for (HolderId holder = 0; holder < holders_.counted_count(); ++holder) {
    if (!counted_.objects[holder].is_alive()) continue;
    if (counted_.objects[holder].keeps_deleter) walk_deleter(holder);
    if (counted_.objects[holder].value) walk_counted_value(holder);
  }
}

// Deleter and allocator stand in the control block: before the pointer to the value (libstdc++), in one pair with it
// (libc++), or behind it (Boost).
void TypedWalk::walk_deleter(HolderId holder) {
  const CountedObject& object = counted_.objects[holder];
  const std::string_view name = image_.vtable_type(image_.word(object.address).value_or(0));
  const Type* type = name.empty() ? nullptr : types_.find_mangled(name);
  if (!type) return;
  std::optional<MemberPlace> place, pointer;
  if ((place = find_member(*type, {"_M_impl"})))
    pointer = find_member(*type, {"_M_impl", "_M_ptr"});
  else if ((place = find_member(*type, {"__data_"})))
    pointer = place;  // first in it
  else if ((place = find_member(*type, {"del"})) || (place = find_member(*type, {"d_"})))
    if (!place || !is_walkable(place->type)) return;
  holder_ = holder;
  owner_name_ = counted_.names[object.value_type];
  if (pointer) take(object.address + pointer->offset);
  const uint64_t address = object.address + place->offset;
  walk({place->type, address, paths_.step(PathId{}, "get_deleter()")}, address + place->type->size);
}

bool TypedWalk::stands_in(uint32_t block, uint64_t address) const {
  return block == Image::kNoBlock ? image_.block_at(address) == block : image_.blocks[block].contains(address);
}

void TypedWalk::walk_counted_value(HolderId holder) {
  const CountedObject& object = counted_.objects[holder];
  const bool is_inside = object.value_block == Image::kNoBlock;
  if (is_inside && !stands_in(object.block, object.value)) return;   // in no block: a static, memory of a pool
  if (!is_inside && holders_.owner(object.value_block) != holder) {  // an unknown deleter: the value is on its own
    const Type* type = value_type(object);
    if (is_walkable(type)) pointees_.push_back({object.value_block, object.value, type, true});
    return;
  }
  if (!is_inside && object.value_count == 1 && walk_dynamic(holder, object.value_block)) return;
  const Type* type = value_type(object);
  if (!is_walkable(type)) return;
  const ImageBlock* block = is_inside ? nullptr : &image_.blocks[object.value_block];
  const uint64_t end =
      is_inside ? (object.value < object.address ? object.address : object.end) : block->address + block->size;
  if (object.value + type->size > end) return;
  if (object.value_count == 1) return walk_value(holder, *type, object.value);
  const uint64_t fits = (end - object.value) / type->size;
  walk_array(holder, *type, object.value, object.value_count ? std::min<uint64_t>(fits, object.value_count) : fits);
}

// A GType is named as its struct is by typedef; the struct itself has an underscore before that.
const Type* TypedWalk::value_type(const CountedObject& object) {
  const size_t key = size_t{index(object.value_type)} * 2 + (object.flavour == FlavourId::kGObject);
  if (key >= value_types_.size()) value_types_.resize(2 * counted_.names.size());
  if (value_types_[key]) return *value_types_[key];
  const std::string name(counted_.names[object.value_type]);
  const Type* found = types_.find(name);
  if (!found && object.flavour == FlavourId::kGObject) found = types_.find("_" + name);
  if (!found && name.find("{lambda") != std::string::npos) found = class_by_vtable(object.value, name);
  if (!found && name.find("{lambda") != std::string::npos) found = class_by_control_block(object);
  value_types_[key] = found;
  return found;
}

// A class that has to do with a closure, which debug information spells in its own way.
const Type* TypedWalk::class_by_vtable(uint64_t value, std::string_view name) const {
  const std::string_view mangled = image_.vtable_type(image_.word(value).value_or(0));
  return !mangled.empty() && demangle_type(mangled) == name ? types_.find_mangled(mangled) : nullptr;
}

// The first template argument of a control block's class is the value's, or a pointer to it.
const Type* TypedWalk::class_by_control_block(const CountedObject& object) const {
  if (object.flavour != FlavourId::kSharedPtr) return nullptr;
  const std::string_view mangled = image_.vtable_type(image_.word(object.address).value_or(0));
  const Type* const block = mangled.empty() ? nullptr : types_.find_mangled(mangled);
  const Type* value = block && !block->template_arguments.empty() ? block->template_arguments.front() : nullptr;
  if (value && value->kind == Type::Kind::kPointer) value = value->target;
  return value && value->kind == Type::Kind::kClass ? value : nullptr;
}

bool TypedWalk::walk_dynamic(HolderId holder, uint32_t block) {
  const ImageBlock& place = image_.blocks[block];
  const std::string_view name = image_.vtable_type(image_.word(place.address).value_or(0));
  const Type* type = name.empty() ? nullptr : types_.find_mangled(name);
  if (!is_walkable(type) || type->size > place.size) return false;
  walked_[block] = 1;
  walk_value(holder, *type, place.address);
  return true;
}

void TypedWalk::walk_polymorphic_blocks() {
  for (uint32_t block = 0; block < image_.blocks.size(); ++block) {
    if (walked_[block] || !holders_.is_free(block)) continue;
    if (!walk_dynamic(holders_.own_id(block), block) && !walk_slot(block) && !walk_exception(block))
      walk_coroutine(block);
  }
}

bool TypedWalk::walk_slot(uint32_t block) {
  const Type* type = slots_.class_at(image_, image_.blocks[block].address);
  if (!is_walkable(type) || type->size > image_.blocks[block].size) return false;
  walk_block(block, *type);
  return true;
}

// A thrown object stands behind a header that has its type_info; its vtable, if it has one, has that too (Itanium C++
// ABI of exceptions; libsupc++ and libc++abi agree on sizes).
bool TypedWalk::walk_exception(uint32_t block) {
  constexpr uint64_t kHeader = 128, kTypeInfo = 16;
  const ImageBlock& place = image_.blocks[block];
  if (place.size <= kHeader) return false;
  const uint64_t vtable = image_.word(place.address + kHeader).value_or(0);
  const std::string_view name = image_.vtable_type(vtable);
  if (name.empty() || image_.word(place.address + kTypeInfo) != image_.word(vtable - 8)) return false;
  const Type* type = types_.find_mangled(name);
  if (!is_walkable(type) || kHeader + type->size > place.size) return false;
  walked_[block] = 1;
  naming_.set_block_type(block, builder_.add_type(readable_type_name(type->name), location_text(type->location)));
  walk_value(holders_.own_id(block), *type, place.address + kHeader);
  return true;
}

// What is there as long as the frame is; the rest is looked at word by word.
void TypedWalk::walk_coroutine(uint32_t block) {
  const Naming::Frame& frame = naming_.frame(block);
  if (!frame.layout || frame.layout->size > image_.blocks[block].size) return;
  walked_[block] = 1;
  holder_ = holders_.own_id(block);
  owner_name_ = naming_.type_name(holder_);
  for (const TypeMember& member : frame.layout->members) {
    if (member.type->kind == Type::Kind::kUnion) continue;
    const uint64_t address = image_.blocks[block].address + member.offset;
    walk({member.type, address, paths_.step(PathId{}, member.name)}, address + member.type->size);
  }
}

void TypedWalk::walk_pointees() {
  while (!pointees_.empty() || !elements_.empty()) {
    for (const Elements& elements : std::exchange(elements_, {})) walk_elements(elements);
    if (pointees_.empty()) continue;
    const Pointee pointee = pointees_.front();
    pointees_.pop_front();
    walk_pointee(pointee);
  }
}

void TypedWalk::walk_elements(const Elements& elements) {
  holder_ = elements.holder;
  owner_name_ = counted_.names[counted_.objects[holder_].value_type];
  const PathId path = paths_.element(PathId{}, elements.type);
  for (uint64_t i = 0; i < elements.count; ++i) {
    const uint64_t at = elements.begin + i * elements.type->size;
    walk({elements.type, at, path, static_cast<uint32_t>(i)}, at + elements.type->size);
  }
}

void TypedWalk::walk_pointee(const Pointee& pointee) {
  if (walked_[pointee.block] || !holders_.is_free(pointee.block)) return;
  const ImageBlock& block = image_.blocks[pointee.block];
  const HolderId holder = holders_.own_id(pointee.block);
  if (!image_.vtable_type(image_.word(block.address).value_or(0)).empty()) {
    walk_dynamic(holder, pointee.block);
    return;
  }
  if (walk_operation(pointee) || walk_new_array(pointee)) return;
  if (pointee.address != block.address || pointee.type->size > block.size) return;
  // Any pointer may be cast; one that does not own must fit to the byte and hold what the type can hold.
  if (!pointee.is_owned && (image_.block_size(pointee.type->size) != block.size ||
                            !walker_.is_plausible(*pointee.type, pointee.address, *this))) {
    return;
  }
  walk_block(pointee.block, *pointee.type);
}

void TypedWalk::walk_block(uint32_t block, const Type& type) {
  walked_[block] = 1;
  auto [found, added] = block_types_.try_emplace(&type);
  if (added) found->second = builder_.add_type(readable_type_name(type.name), location_text(type.location));
  naming_.set_block_type(block, found->second);
  walk_value(holders_.own_id(block), type, image_.blocks[block].address);
}

// An operation of asio: allocated with a few bytes to spare, by a pointer to one of its bases.
bool TypedWalk::walk_operation(const Pointee& pointee) {
  const ImageBlock& block = image_.blocks[pointee.block];
  if (pointee.address != block.address) return false;
  const Type* type = operation_class(image_, types_, *pointee.type, pointee.address);
  if (!is_walkable(type) || type->size > block.size) return false;
  walk_block(pointee.block, *type);
  return true;
}

// new T[n] of a class with a destructor: n stands in the word before the first element.
bool TypedWalk::walk_new_array(const Pointee& pointee) {
  constexpr uint64_t kCookie = 8;
  const ImageBlock& block = image_.blocks[pointee.block];
  const uint64_t size = pointee.type->size, count = image_.word(pointee.address - kCookie).value_or(0);
  if (pointee.address != block.address + kCookie || block.size < kCookie || count > (block.size - kCookie) / size ||
      image_.block_size(kCookie + count * size) != block.size ||
      !walker_.is_plausible(*pointee.type, pointee.address, *this)) {
    return false;
  }
  walked_[pointee.block] = 1;
  naming_.set_block_type(pointee.block, builder_.add_type(readable_type_name(pointee.type->name) + "[]",
                                                          location_text(pointee.type->location)));
  walk_array(holders_.own_id(pointee.block), *pointee.type, pointee.address, count);
  return true;
}

void TypedWalk::walk_array(HolderId holder, const Type& type, uint64_t begin, uint64_t count) {
  for (uint64_t i = 0; i < count; ++i) walk_value(holder, type, begin + i * type.size, static_cast<uint32_t>(i));
}

void TypedWalk::walk_value(HolderId holder, const Type& type, uint64_t address, uint32_t index) {
  holder_ = holder;
  owner_name_ = type.name;
  walk({&type, address, PathId{}, index}, address + type.size);
}

void TypedWalk::walk(const Value& value, uint64_t end) {
  is_call_ = !variable_ &&
             (owner_name_.starts_with("std::thread::_State_impl<") || owner_name_.starts_with("std::__future_base::_"));
  walked_ranges_.assign(1, {value.address, end});
  opaque_ranges_.clear();
  walker_.walk(value, *this);
  if (!named_) bury_what_is_left();
  flush_storage();
}

// Words of walked memory that nothing explained hold no reference, unless they are in an opaque part.
void TypedWalk::bury_what_is_left() {
  std::sort(opaque_ranges_.begin(), opaque_ranges_.end(), [](Range a, Range b) { return a.begin < b.begin; });
  for (const Range& range : walked_ranges_) {
    uint64_t begin = range.begin;
    for (const Range& opaque : opaque_ranges_) {
      if (opaque.end <= begin || opaque.begin >= range.end) continue;
      if (opaque.begin > begin) states_.bury(begin, opaque.begin & ~uint64_t{7});
      begin = std::max(begin, (opaque.end + 7) & ~uint64_t{7});
    }
    if (begin < range.end) states_.bury(begin, range.end);
  }
}

}  // namespace reftally
