#include "runtime/python/references.h"

#include "runtime/python/walk.h"

namespace reftally::python {
namespace {

// deque(maxlen=…): dequeobject.maxlen is -1 where there is none.
bool has_bound(Address deque) noexcept {
  constexpr int32_t kMaxLength = 64;
  return read<int64_t>(deque + kMaxLength) >= 0;
}

int visit_one(Address object, void* column) noexcept {
  constexpr Address kLowest = 65536;  // vm.mmap_min_addr
  if (object < kLowest || object % 8 != 0) FaultGuard::give_up();
  static_cast<Column<Address>*>(column)->push(object);
  return 0;
}

uint64_t at(int32_t offset) { return static_cast<uint64_t>(offset); }

// From 3.12 the interpreter's own static types have only an index there, counted from 1, into its state.
Address subclasses_of(Address type) noexcept {
  const Layout& layout = *python.layout;
  const Address word = pointer_at(type + kTypeSubclasses);
  if (layout.static_types == kAbsent || (type_flags(type) & kFlagStaticBuiltin) == 0 || word == 0) return word;
  if (word > at(layout.static_type_count)) return 0;
  const Address interpreter = python.PyInterpreterState_Get();
  for (const int32_t table : {layout.static_types, layout.static_extension_types}) {
    if (table == kAbsent) break;
    const Address state = interpreter + at(table) + (word - 1) * at(layout.static_type_size);
    if (pointer_at(state) == type) return pointer_at(state + at(layout.static_type_subclasses));
  }
  return 0;
}

}  // namespace

void ReferenceReader::visit(Address object, const TypeInfo& type) noexcept {
  visited_.clear();
  cursor_ = 0;
  const auto traverse = read<int (*)(Address, int (*)(Address, void*) noexcept, void*)>(type.type + kTypeTraverse);
  // tp_traverse of a static type aborts; tp_is_gc says that it has no collector header.
  if (traverse != nullptr && has_collector_header(object, type.type)) traverse(object, visit_one, &visited_);
  left_ = visited_.size();
}

bool ReferenceReader::claim(Address to) noexcept {
  const size_t count = visited_.size();
  if (left_ == 0) return false;
  for (size_t step = 0, i = cursor_; step < count; step++, i++) {
    if (i >= count) i = 0;
    if (visited_[i] != to) continue;
    visited_[i] = 0;
    cursor_ = i + 1;
    left_--;
    return true;
  }
  return false;
}

void ReferenceReader::add(Address to, Kind kind, Address name, uint32_t index) noexcept {
  found_.push({to, kind, false, false, index, name, false});
}

void ReferenceReader::add_field(Address to, const char* name, bool unvisited) noexcept {
  found_.push({to, Kind::kField, unvisited, false, 0, reinterpret_cast<Address>(name), true});
}

void ReferenceReader::claim_as(Address to, Kind kind, Address name, uint32_t index) noexcept {
  if (to != 0 && claim(to)) add(to, kind, name, index);
}

void ReferenceReader::claim_field(Address to, const char* name) noexcept {
  if (to != 0 && claim(to)) add_field(to, name);
}

void ReferenceReader::own_field(Address to, const char* name) noexcept {
  if (to != 0) add_field(to, name, !claim(to));
}

void ReferenceReader::own_fields(Address base, const Fields& fields) noexcept {
  for (const Field& field : fields) own_field(pointer_at(base + at(field.offset)), field.name);
}

void ReferenceReader::read_list(Address object) noexcept {
  const auto count = read<uint64_t>(object + kObjectSize);
  const Address items = pointer_at(object + kListItems);
  for (uint64_t i = 0; i < count; i++)
    if (const Address item = pointer_at(items + 8 * i))
      found_.push({item, Kind::kIndex, false, true, static_cast<uint32_t>(i), 0, false});
}

void ReferenceReader::read_tuple(Address object) noexcept {
  const auto count = read<uint64_t>(object + kObjectSize);
  for (uint64_t i = 0; i < count; i++)
    if (const Address item = pointer_at(object + kTupleItems + 8 * i))
      add(item, Kind::kIndex, 0, static_cast<uint32_t>(i));
}

// `visited`: the dictionary is the base part of a bigger object, whose visit is already collected.
void ReferenceReader::read_dict(Address object, Kind value_kind, bool visited) noexcept {
  const Address values = pointer_at(object + kDictValues);
  constexpr int32_t kEmbedded = 2;  // 3.13: the values lie in the instance, which owns them
  if (python.at_least(13) && values != 0 && read<uint8_t>(values + kEmbedded) != 0) return;
  const DictEntries entries(pointer_at(object + kDictKeys));
  for (uint64_t i = 0; i < entries.count; i++) {
    const Address key = entries.key(i);
    const Address value = values != 0 ? pointer_at(first_value(values) + 8 * i) : entries.value(i);
    if (value == 0) continue;
    if (values == 0 && key != 0)  // a split dictionary's keys belong to the shared table
      found_.push({key, Kind::kDictKey, visited && !claim(key), true, static_cast<uint32_t>(i), 0, false});
    found_.push({value, value_kind, visited && !claim(value), true, static_cast<uint32_t>(i), key, false});
  }
}

const Column<OwnedReference>& ReferenceReader::read_shared_keys(Address keys) noexcept {
  found_.clear();
  const DictEntries entries(keys);
  for (uint64_t i = 0; i < entries.count; i++)
    if (const Address key = entries.key(i))
      found_.push({key, Kind::kDictKey, true, true, static_cast<uint32_t>(i), 0, false});
  return found_;
}

void ReferenceReader::read_type(Address type) noexcept {
  const Layout& layout = *python.layout;
  const bool heap = (type_flags(type) & kFlagHeapType) != 0;
  own_field(heap ? pointer_at(type + kTypeDict) : type_dict(type), "__dict__");
  own_field(pointer_at(type + kTypeMro), "__mro__");
  own_field(pointer_at(type + kTypeBases), "__bases__");
  own_field(pointer_at(type + kTypeCache), "tp_cache");
  own_field(subclasses_of(type), "__subclasses__");
  if (!heap) return;
  own_field(pointer_at(type + kTypeBase), "__base__");
  own_field(pointer_at(type + at(layout.ht_module)), "__module__");
  own_field(pointer_at(type + at(layout.ht_name)), "__name__");
  own_field(pointer_at(type + at(layout.ht_qualname)), "__qualname__");
  own_field(pointer_at(type + at(layout.ht_slots)), "__slots__");
}

void ReferenceReader::read_code(Address code) noexcept {
  own_fields(code, python.layout->code_fields);
  if (python.layout->cached_code == kAbsent) return;
  const Address cached = pointer_at(code + at(python.layout->cached_code));
  for (int i = 0; cached != 0 && i < 4; i++) own_field(pointer_at(cached + 8 * static_cast<uint64_t>(i)), "co_cached");
}

void ReferenceReader::read_frame_values(Address frame, int64_t count) noexcept {
  const FrameView view = view_frame(frame);
  for (int64_t i = 0; i < count; i++) {
    const Address value = pointer_at(frame + at(python.layout->frame_values) + 8 * static_cast<uint64_t>(i));
    if (value == 0) continue;
    const Address name = frame_value_name(view.code, i);
    if (name != 0)
      claim_as(value, Kind::kLocal, name);
    else
      claim_field(value, "evaluation stack");
  }
}

void ReferenceReader::read_generator(Address generator, const TypeInfo& type) noexcept {
  const Layout& layout = *python.layout;
  own_fields(generator, layout.generator_fields);
  if (layout.generator_code != kAbsent) own_field(pointer_at(generator + at(layout.generator_code)), "gi_code");
  if (type.type == python.types.coroutine && layout.generator_origin != kAbsent)
    own_field(pointer_at(generator + at(layout.generator_origin)), "cr_origin");
  if (layout.generator_frame == kAbsent) {
    claim_field(pointer_at(generator + at(layout.generator_frame_pointer)), "gi_frame");
    return;
  }
  constexpr int8_t kFinished = 1;
  const auto state = read<int8_t>(generator + at(layout.generator_state));
  if (state >= kFinished) return;
  const Address frame = generator + at(layout.generator_frame);
  for (const Field& field : layout.frame_fields) claim_field(pointer_at(frame + at(field.offset)), field.name);
  const FrameView view = view_frame(frame);
  if (view.stack_top > 0) read_frame_values(frame, view.stack_top);
}

void ReferenceReader::read_frame_object(Address object) noexcept {
  const Layout& layout = *python.layout;
  if (layout.frame_function == kAbsent) {  // before 3.11 the frame object is the frame
    own_fields(object, layout.frame_fields);
    const FrameView view = view_frame(object);
    read_frame_values(object, view.stack_top < view.value_count ? view.value_count : view.stack_top);
    return;
  }
  const Address frame = pointer_at(object + at(layout.frame_object_frame));
  claim_field(pointer_at(object + kObjectSize), "f_back");
  if (frame == 0) return;
  const FrameView view = view_frame(frame);
  if (view.owner != kOwnedByFrameObject) return;  // its owner visits the values
  for (const Field& field : layout.frame_fields) claim_field(pointer_at(frame + at(field.offset)), field.name);
  if (view.stack_top > 0) read_frame_values(frame, view.stack_top);
}

void ReferenceReader::read_attributes(Address object, Address type) noexcept {
  if (const Address values = inline_values(object, type)) {
    const DictEntries entries(pointer_at(type + at(python.layout->ht_cached_keys)));
    const Address first = first_value(values);
    for (uint64_t i = 0; i < entries.count; i++)
      if (const Address value = pointer_at(first + 8 * i); value != 0 && claim(value))
        found_.push({value, Kind::kAttribute, false, true, 0, entries.key(i), false});
  }
  // A dictionary made for valid inline values is owned, but not visited: its values are the object's own.
  const bool managed = python.at_least(11) && (type_flags(type) & kFlagManagedDict) != 0;
  if (const Address dict = instance_dict(object, type))
    managed ? own_field(dict, "__dict__") : claim_field(dict, "__dict__");
}

void ReferenceReader::read_members(Address object, const TypeInfo& type) noexcept {
  for (uint32_t i = 0; i < type.member_count; i++) {
    const Member& member = types_.member(type, i);
    const Address to = pointer_at(object + static_cast<uint64_t>(member.offset));
    if (member.owned_anyway)
      own_field(to, member.name);
    else if (to != 0 && claim(to))
      found_.push({to, member.is_builtin ? Kind::kField : Kind::kAttribute, false, false, 0,
                   reinterpret_cast<Address>(member.name), true});
  }
}

// struct lru_list_elem {header, prev, next, hash, key, result}; the wrapper begins with the list's root. Each element
// has two owners, the dictionary and the list; the wrapper visits keys and results on the elements' behalf. By their
// names they are parts of one container, and say whether it has a bound (maxsize, which is -1 where there is none).
void ReferenceReader::read_lru_cache(Address wrapper) noexcept {
  constexpr int32_t kNext = 24, kKey = 40, kResult = 48, kMaxSize = 96;
  constexpr int kMostElements = 1 << 28;
  const bool bounded = read<int64_t>(wrapper + kMaxSize) >= 0;
  Address link = pointer_at(wrapper + kNext);
  for (int i = 0; link != 0 && link != wrapper && i < kMostElements; i++, link = pointer_at(link + kNext)) {
    own_field(link, bounded ? "bounded cache[] link" : "cache[] link");
    claim_field(pointer_at(link + kKey), bounded ? "key of bounded cache[]" : "key of cache[]");
    claim_field(pointer_at(link + kResult), bounded ? "bounded cache[]" : "cache[]");
  }
}

void ReferenceReader::read_by_shape(Address object, const TypeInfo& type) noexcept {
  const uint64_t flags = type_flags(type.type);
  switch (type.shape) {
    case Shape::kType:
      read_type(object);
      read_members(object, type);
      break;
    case Shape::kFunction:
      own_fields(object, python.layout->function_fields);
      break;
    case Shape::kCode:
      read_code(object);
      break;
    case Shape::kGenerator:
      read_generator(object, type);
      break;
    case Shape::kFrame:
      read_frame_object(object);
      break;
    default:
      if ((flags & kFlagDict) != 0) read_dict(object, Kind::kKey, true);
      if ((flags & kFlagList) != 0) {
        const auto count = read<uint64_t>(object + kObjectSize);
        const Address items = pointer_at(object + kListItems);
        for (uint64_t i = 0; i < count; i++)
          claim_as(pointer_at(items + 8 * i), Kind::kIndex, 0, static_cast<uint32_t>(i));
      }
      if ((flags & kFlagTuple) != 0) {
        const auto count = read<uint64_t>(object + kObjectSize);
        for (uint64_t i = 0; i < count; i++)
          claim_as(pointer_at(object + kTupleItems + 8 * i), Kind::kIndex, 0, static_cast<uint32_t>(i));
      }
      if (type.lru_cache) read_lru_cache(object);
      read_members(object, type);
      break;
  }
}

// What was visited and has no name. Its place in the body, when it lies there, is better than nothing.
void ReferenceReader::add_leftovers(Address object, const TypeInfo& type) noexcept {
  if (type.indexed && has_bound(object)) {
    for (const Address to : visited_)
      if (to != 0) found_.push({to, Kind::kField, false, true, 0, reinterpret_cast<Address>("bounded items[]"), true});
    return;
  }
  const bool is_set = type.type == python.types.set || type.type == python.types.frozenset;
  uint32_t order = 0;
  for (const Address to : visited_) {
    if (to == 0) continue;
    const Kind kind = is_set ? Kind::kSetMember : type.indexed ? Kind::kIndex : Kind::kOpaque;
    uint32_t index = order++;
    if (kind == Kind::kOpaque) {
      index = 0;
      const uint64_t size = static_cast<uint64_t>(read<int64_t>(type.type + kTypeBasicSize));
      for (uint64_t offset = 16; offset + 8 <= size && offset < 4096 && index == 0; offset += 8)
        if (pointer_at(object + offset) == to) index = static_cast<uint32_t>(offset);
    }
    found_.push({to, kind, false, kind != Kind::kOpaque || index == 0, index, 0, false});
  }
}

const Column<OwnedReference>& ReferenceReader::read_object(Address object, const TypeInfo& type,
                                                           Kind namespace_kind) noexcept {
  found_.clear();
  switch (type.shape) {
    case Shape::kLeaf:
      break;
    case Shape::kList:
      read_list(object);
      break;
    case Shape::kTuple:
      read_tuple(object);
      break;
    case Shape::kDict:
      read_dict(object, namespace_kind, false);
      break;
    default:
      visit(object, type);
      read_by_shape(object, type);
      read_attributes(object, type.type);
      if (type.counts_type && claim(type.type))
        found_.push({type.type, Kind::kType, false, false, 0, 0, false});
      else if (type.counts_type)
        found_.push({type.type, Kind::kType, true, false, 0, 0, false});
      if (left_ != 0) add_leftovers(object, type);
  }
  return found_;
}

Address shared_keys_of(Address object, const TypeInfo& type) noexcept {
  if (type.shape == Shape::kType && (type_flags(object) & kFlagHeapType) != 0)
    return pointer_at(object + at(python.layout->ht_cached_keys));
  if (type.shape == Shape::kDict && pointer_at(object + kDictValues) != 0) return pointer_at(object + kDictKeys);
  return 0;
}

// ---- frames

FrameView view_frame(Address frame) noexcept {
  const Layout& layout = *python.layout;
  FrameView view;
  view.frame = frame;
  view.code = pointer_at(frame + at(layout.frame_code));
  if (layout.frame_owner != kAbsent) view.owner = read<uint8_t>(frame + at(layout.frame_owner));
  // 3.12 enters the interpreter by a frame of its own making, whose instructions are not its code's.
  if (view.owner == kOwnedByCStack || view.code == 0 || type_of(view.code) != python.types.code) {
    view.code = 0;
    return view;
  }
  view.value_count = read<int32_t>(view.code + at(layout.code_local_count));
  if (layout.frame_function != kAbsent) {
    view.stack_top = read<int32_t>(frame + at(layout.frame_stack_top));
    return view;
  }
  for (int32_t names : {layout.code_cell_names, layout.code_free_names})
    view.value_count += read<int64_t>(pointer_at(view.code + at(names)) + kObjectSize);
  if (python.minor == 10) {  // f_stackdepth
    const auto depth = read<int32_t>(frame + at(layout.frame_stack_top));
    view.stack_top = depth < 0 ? -1 : view.value_count + depth;
  } else if (const Address top = pointer_at(frame + at(layout.frame_stack_top))) {  // f_stacktop
    view.stack_top = static_cast<int64_t>(top - frame - at(layout.frame_values)) / 8;
  }
  return view;
}

Address frame_value_name(Address code, int64_t i) noexcept {
  const Layout& layout = *python.layout;
  if (code == 0) return 0;
  for (int32_t field : {layout.code_local_names, layout.code_cell_names, layout.code_free_names}) {
    if (field == kAbsent) return 0;
    const Address names = pointer_at(code + at(field));
    const auto count = read<int64_t>(names + kObjectSize);
    if (i < count) return pointer_at(names + kTupleItems + 8 * static_cast<uint64_t>(i));
    i -= count;
  }
  return 0;
}

int code_line(Address code, Address instruction) noexcept {
  const Layout& layout = *python.layout;
  if (layout.frame_line == kAbsent)
    return python.PyCode_Addr2Line(code, static_cast<int>(instruction - code - at(layout.code_instructions)));
  const int scale = python.minor == 10 ? 2 : 1;  // 3.10 counts in instructions of two bytes
  return python.PyCode_Addr2Line(code, scale * static_cast<int>(instruction >> kInstructionIndexShift));
}

int frame_line(const FrameView& frame) noexcept {
  const Layout& layout = *python.layout;
  if (frame.code == 0) return 0;
  const Address place = frame.frame + at(layout.frame_instruction);
  return code_line(frame.code, layout.frame_line != kAbsent ? indexed_instruction(frame.code, read<int32_t>(place))
                                                            : pointer_at(place));
}

}  // namespace reftally::python
