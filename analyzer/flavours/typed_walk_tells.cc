// What a typed walk tells of the pointers and counts that it meets, and by which names.
#include <algorithm>

#include "analyzer/flavours/typed_walk.h"
#include "analyzer/layouts/type_names.h"

namespace reftally {

namespace {

bool is_base_of(const Type& base, const Type& type, int depth = 0) {
  constexpr int kDeepestBase = 16;
  if (base.name == type.name) return true;
  return depth < kDeepestBase && std::any_of(
                                     type.members.begin(), type.members.end(),
                                     [&](const TypeMember& member) {
                                       return member.is_base && member.type &&
                                              is_base_of(base, *member.type, depth + 1);
                                     });
}

}  // namespace

bool TypedWalk::take(uint64_t word) { return (named_ ? *named_ : states_).explain(word); }

uint32_t TypedWalk::counter_at(uint64_t address) const {
  if (address != asked_counter_) counter_there_ = counted_.at(address);
  asked_counter_ = address;
  return counter_there_;
}

bool TypedWalk::is_counter(uint64_t address) const { return counter_at(address) != CountedObjects::kNone; }

uint64_t TypedWalk::counter_of_object(uint64_t address) const {
  const HolderId holder = holders_.at(address);
  const bool is_inside =
      holder != kNoHolder && holders_.is_counted(holder) && counted_.objects[holder].flavour == FlavourId::kIntrusive;
  return is_inside ? counted_.objects[holder].address : 0;
}

void TypedWalk::counted(const Value& at, uint64_t counter, bool strong) {
  const uint32_t object = counter_at(counter);
  add(at, object, strong ? ReferenceKind::kStrong : ReferenceKind::kWeak);
}

void TypedWalk::pointer(const Value& at, uint64_t target, const Type* pointee, bool owns) {
  if (named_) return name_pointee(at, target, pointee, owns);
  const uint32_t block = image_.block_at(target);
  if (block == Image::kNoBlock) {
    if (declares_ && holder_ != kNoHolder) found_.outward.emplace(at.address, label(at.path));
    return;
  }
  const HolderId to = holders_.in_block(block, target);
  const bool is_class = is_walkable(pointee) && pointee->kind == Type::Kind::kClass;
  const bool is_told = holder_ < told_.size() && told_[holder_];  // which of its pointers count
  if (is_class && !owns && !is_told && at.type->kind == Type::Kind::kPointer) {
    const Place& place = place_of(at.path);
    if (place.counter && is_counter(target + static_cast<uint64_t>(*place.counter)))
      return counted(at, target + static_cast<uint64_t>(*place.counter), true);
    if (!holders_.is_counted(to) && may_pay(place, *pointee)) found_.met.push_back({pointee, target, place.name});
  }
  const bool strong = owns && !holders_.is_counted(to);  // a count is paid by the counted pointer, not by this one
  const bool may_own =
      !is_told && to != holder_ && holders_.is_counted(to) &&
      (counted_.objects[to].has_plain_holders || (owns && counted_.objects[to].flavour == FlavourId::kIntrusive));
  if (!owns && to != holder_ && holders_.is_counted(to) && !paths_.is_key(at.path) &&
      (is_call_ || paths_.is_of_callback(at.path) || !leads_as_its_class(to, pointee)))
    found_.untyped.push_back(to);
  add(at, to, strong ? ReferenceKind::kStrong : may_own ? ReferenceKind::kAmbiguous : ReferenceKind::kRaw);
  if (is_class && !walked_[block] && holders_.is_free(block)) pointees_.push_back({block, target, pointee, owns});
}

// A plain pointer to the object's class or a base of it looks on. What has no type, or leads to a part that a library
// was given, comes back to the program by a callback, which may own the object.
bool TypedWalk::leads_as_its_class(HolderId to, const Type* pointee) {
  if (!pointee) return false;
  if (pointee->kind != Type::Kind::kClass) return pointee->kind != Type::Kind::kVoid;
  const CountedObject& object = counted_.objects[to];
  const auto [found, added] = its_class_.try_emplace({naming_.type_of(to), pointee}, true);
  const Type* const type = added ? value_type(object) : nullptr;
  if (type) found->second = is_base_of(*pointee, *type) || is_base_of(*type, *pointee);
  return found->second;
}

void TypedWalk::elements(uint64_t counter, const Type& element, uint64_t begin, uint64_t count) {
  const uint32_t object = counter_at(counter);
  if (named_ || object == CountedObjects::kNone || !walker_.has_references(&element)) return;
  const uint32_t block = image_.block_at(begin);
  if (block == Image::kNoBlock || holders_.in_block(block, begin) != object) return;
  uint64_t& seen = seen_elements_[begin];  // all copies of a list have the same
  if (count > seen) elements_.push_back({object, &element, begin, count});
  seen = std::max(seen, count);
}

// A memory resource hands out parts of a block, the first of them where the block begins.
bool TypedWalk::is_of_pool(const ImageBlock& block, uint64_t bytes) const {
  constexpr uint64_t kLargestPadding = 16;
  return bytes != 0 && image_.sizes_are_exact && block.size > bytes + kLargestPadding;
}

bool TypedWalk::storage(uint64_t address, uint64_t bytes) {
  const uint32_t block = image_.block_at(address);
  if (block == Image::kNoBlock || image_.blocks[block].address != address) return false;
  if (named_) return name_storage(block, bytes);
  if (holder_ == kNoHolder) {  // the first storage of a variable
    holder_ = holders_.add_extra();
    naming_.set_extra_type(holder_, builder_.add_type("storage of " + variable_->name));
    found_.roots.push_back(
        {holder_, root_kind_, ReferenceKind::kRaw, Certainty::kExact, root_name(paths_.variable(*variable_))});
  }
  if (!holders_.is_free(block)) return holders_.owner(block) == holder_;
  if (is_of_pool(image_.blocks[block], bytes)) {
    found_.references.push_back(DraftReference{holder_, holders_.own_id(block), kNoElement, label(walker_.at()),
                                               ReferenceKind::kRaw, Certainty::kExact},
                                0);
    return false;
  }
  walked_[block] = 1;
  holders_.give(block, holder_);
  walked_ranges_.push_back({address, address + image_.blocks[block].size});
  note_storage(image_.blocks[block].size);
  return true;
}

void TypedWalk::note_storage(uint64_t bytes) {
  const PathId container = paths_.container(walker_.at());
  for (auto& [path, sum] : stored_)
    if (path == container) {
      sum += bytes;
      return;
    }
  stored_.emplace_back(container, bytes);
}

void TypedWalk::flush_storage() {
  for (const auto& [path, bytes] : stored_)
    if (bytes >= kStorageWorthNaming)
      found_.storage.push_back(
          {holder_, variable_ ? builder_.add_label("", paths_.text(path).path) : label(path), bytes});
  stored_.clear();
}

void TypedWalk::opaque(uint64_t begin, uint64_t end, PathId at) {
  constexpr uint64_t kLargestNamed = 512;  // beyond that it is a buffer
  opaque_ranges_.push_back({begin, end});
  if (variable_ || at == PathId{} || end - begin > kLargestNamed) return;
  for (uint64_t word = (begin + 7) & ~uint64_t{7}; word + 8 <= end; word += 8)
    if (leads_to_holder(image_.word(word).value_or(0)) != kNoHolder) naming_.name_place(word, label(at));
}

void TypedWalk::alternative(const Value& at, const Type* pointee) {
  if (variable_) return;
  const HolderId to = leads_to_holder(image_.word(at.address).value_or(0));
  const bool has_class = pointee && pointee->kind != Type::Kind::kVoid;
  if (to == kNoHolder || (has_class && holders_.is_counted(to) && !leads_as_its_class(to, pointee))) return;
  naming_.name_alternative(at.address, label(at.path));
}

HolderId TypedWalk::leads_to_holder(uint64_t word) const {
  if (const uint32_t counted = counter_at(word); counted != CountedObjects::kNone) return counted;
  return word ? holders_.at(word) : kNoHolder;
}

void TypedWalk::lone_pointer(const Type& type, uint64_t target, uint64_t value) {
  if (!named_) found_.met.push_back({&type, target, {}, value});
}

void TypedWalk::add(const Value& at, HolderId to, ReferenceKind kind) {
  if (named_) {
    name_word(at, to);
  } else if (variable_) {
    found_.roots.push_back({to, root_kind_, kind, Certainty::kExact, root_name(at.path), at.address});
  } else if (to != holder_ || kind != ReferenceKind::kRaw) {
    found_.references.push_back(DraftReference{holder_, to, at.index, label(at.path), kind, Certainty::kExact},
                                at.address);
  }
}

// ---- counts kept by hand

const TypedWalk::Place& TypedWalk::place_of(PathId path) {
  auto [found, added] = places_.try_emplace(static_cast<uint32_t>(path));
  Place& place = found->second;
  if (!added) return place;
  const PathText text = paths_.text(path);
  if (!text.owner.empty())
    place.name = text.owner + "::" + text.path;
  else if (variable_)
    place.name = text.path;
  if (const auto known = own_.places.find(place.name); known != own_.places.end()) place.counter = known->second;
  return place;
}

bool TypedWalk::may_pay(const Place& place, const Type& pointee) {
  if (place.name.empty()) return false;
  if (plain_ == PlainPointers::kStatedOnly) return stated_.is_place(place.name);
  auto [found, added] = counts_references_.try_emplace(&pointee, false);
  if (added) found->second = may_count(pointee, CountName::kReferences);
  return found->second || stated_.is_place(place.name);
}

// ---- names

LabelId TypedWalk::label(PathId path) {
  const auto row = static_cast<uint32_t>(path);
  if (row < path_labels_.size() && path_labels_[row]) return *path_labels_[row];
  const PathText text = paths_.text(path);
  if (!text.owner.empty()) {
    if (row >= path_labels_.size()) path_labels_.resize(row + 1);
    path_labels_[row] = builder_.add_label(text.owner, text.path, location_text(text.location));
    return *path_labels_[row];
  }
  auto [found, added] = labels_.emplace(std::string(owner_name_) + '\n' + text.path, LabelId{});
  if (added) {
    found->second = builder_.add_label(readable_type_name(owner_name_), text.path, location_text(text.location));
  }
  return found->second;
}

StringId TypedWalk::root_name(PathId path) {
  const uint64_t of_thread = variable_->is_thread_local ? uint64_t{thread_} + 1 : 0;
  auto [found, added] = path_root_names_.try_emplace(of_thread << 32 | static_cast<uint32_t>(path), StringId{});
  if (!added) return found->second;
  const std::string text = paths_.text(path).path;
  found->second = of_thread ? naming_.thread_local_name(thread_, text) : builder_.intern(text);
  return found->second;
}

}  // namespace reftally
