#include "runtime/python/walk.h"

#include <elf.h>
#include <string.h>

#include <utility>

#include "runtime/python/call_stacks.h"
#include "runtime/python/names.h"
#include "runtime/python/unreached_objects.h"

namespace reftally::python {
namespace {

using dump::LabelKind;
using dump::RootKind;
using dump::StringRef;

uint64_t at(int32_t offset) { return static_cast<uint64_t>(offset); }

// A module may visit those of its objects that are dead and wait to be used again (_asyncio of 3.12 does): a count of
// nothing, though nobody released it once too often.
bool is_in_free_list(Address holder, const OwnedReference& reference) noexcept {
  return reference.kind == LabelKind::kOpaque && type_of(holder) == python.types.module && count_of(reference.to) == 0;
}

}  // namespace

Walk::Walk(dump::Writer& writer, const WalkOptions& options, const runtime::ModuleList& modules) noexcept
    : writer_(writer), options_(options), reader_(types_) {
  for (uint32_t i = 0; i < modules.segment_count(); i++) {
    const runtime::Segment& segment = modules.segment(i);
    if (segment.type != PT_LOAD || (segment.flags & dump::kMapExecute) != 0) continue;
    data_segments_.push({segment.begin, segment.end});
    for (size_t k = data_segments_.size() - 1; k > 0 && data_segments_[k].begin < data_segments_[k - 1].begin; k--)
      std::swap(data_segments_[k], data_segments_[k - 1]);
  }
}

bool Walk::is_static(Address address) const noexcept {
  const size_t low = data_segments_.partition_point([&](const auto& row) { return row.end <= address; });
  return low < data_segments_.size() && data_segments_[low].begin <= address;
}

uint32_t Walk::add(Address object) noexcept {
  Entry& entry = table_[object];
  if (entry.index == 0) {
    objects_.push({object, 0, 0});
    entry.index = static_cast<uint32_t>(objects_.size());
  }
  return entry.index - 1;
}

uint32_t Walk::add_keys_table(Address keys) noexcept {
  const uint32_t i = add(keys);
  objects_[i].flags |= dump::kObjectUncounted;
  return i;
}

void Walk::add_block(Address block, uint64_t size) noexcept {
  Object& added = objects_[add(block)];
  added.type = static_cast<uint32_t>(size);
  added.flags |= dump::kObjectUncounted | kIsBlock;
}

void Walk::mark_namespace(Address object) noexcept {
  const Address type = type_of(object);
  const uint64_t flags = type_flags(type);
  if (type == python.types.dict || type == python.types.tuple || type == python.types.list) return;
  const bool is_module = type == python.types.module;
  Address dict = is_module ? pointer_at(object + kModuleDict) : 0;
  if ((flags & kFlagType) != 0) dict = type_dict(object);
  if (dict == 0 && (flags & kFlagHeapType) != 0) dict = instance_dict(object, type);
  if (dict != 0 && type_of(dict) == python.types.dict)
    objects_[add(dict)].flags |= is_module ? kIsGlobals : kIsAttributes;
}

void Walk::add_generations(Address state) noexcept {
  const Layout& layout = *python.layout;
  for (uint32_t generation = 0; generation < 4; generation++) {
    const Address head =
        state + (generation < 3 ? at(layout.gc_generations) + 24 * generation : at(layout.gc_permanent));
    for (Address node = pointer_at(head) & ~Address{3}; node != 0 && node != head;
         node = pointer_at(node) & ~Address{3}) {
      const Address object = node + kCollectorHeader;
      uint32_t& flags = objects_[add(object)].flags;
      flags |= dump::kObjectTracked | generation << dump::kObjectGenerationShift;
      if ((pointer_at(node + 8) & kCollectorFinalized) != 0) flags |= dump::kObjectFinalized;
      mark_namespace(object);
    }
  }
}

void Walk::mark_flags(size_t i) noexcept {
  Object& object = objects_[i];
  const TypeInfo& type = types_[object.type];
  if (is_static(object.address)) object.flags |= dump::kObjectStatic;
  if (is_immortal(object.address)) object.flags |= dump::kObjectImmortal;
  if (type.type == python.types.str && is_interned(object.address)) object.flags |= dump::kObjectInterned;
  if ((type.flags & dump::kTypeHasFinalizer) != 0) object.flags |= dump::kObjectHasFinalizer;
  constexpr int64_t kPlausible = 1 << 20;  // static types of 3.12 and later keep theirs in the interpreter
  if (type.weak_list_offset > 0 && type.weak_list_offset < kPlausible &&
      pointer_at(object.address + static_cast<uint64_t>(type.weak_list_offset)) != 0)
    object.flags |= dump::kObjectWeakReferenced;
  if (python.at_least(12) && (type_flags(type.type) & kFlagManagedWeakref) != 0 && pointer_at(object.address - 32) != 0)
    object.flags |= dump::kObjectWeakReferenced;
}

StringRef Walk::key_name(Address key, bool is_data) noexcept {
  if (key == 0 || (is_data && options_.redact)) return {};
  StringRef& name = names_[key];
  if (name.length != 0) return name;
  char buffer[256];
  runtime::Text text(buffer, sizeof buffer);
  describe_key(key, text);
  return name = writer_.string(buffer, text.size());
}

StringRef Walk::offset_name(uint64_t offset) noexcept {
  StringRef& name = names_[offset];  // below any address
  if (name.length != 0) return name;
  char buffer[32];
  runtime::Text text(buffer, sizeof buffer);
  text.add("+").add(offset);
  return name = writer_.string(buffer, text.size());
}

void Walk::write_word(uint32_t from, Address to, uint64_t offset) noexcept {
  const StringRef name = offset_name(offset);
  dump::DeclaredReference record{};
  record.from = from;
  record.to = add(to);
  record.kind_and_length = static_cast<uint32_t>(LabelKind::kWord) | static_cast<uint32_t>(name.length) << 8;
  record.name_offset = name.offset;
  writer_.add(record);
}

StringRef Walk::name_of(const OwnedReference& reference) noexcept {
  if (reference.kind == LabelKind::kOpaque && reference.index != 0) return offset_name(reference.index);
  if (reference.name == 0) return {};
  if (!reference.name_is_c) return key_name(reference.name, reference.kind == LabelKind::kKey);
  StringRef& name = names_[reference.name];
  if (name.length == 0) name = writer_.string(reinterpret_cast<const char*>(reference.name));
  return name;
}

void Walk::emit(size_t from, const OwnedReference& reference) noexcept {
  const uint32_t to = add(reference.to);
  table_.find(reference.to)->owned++;
  const StringRef name = name_of(reference);
  const bool has_index = reference.kind == LabelKind::kIndex || reference.kind == LabelKind::kDictKey;
  const auto kind = static_cast<uint32_t>(reference.kind) | (reference.unvisited ? dump::kLabelUnvisited : 0u);
  dump::DeclaredReference record{};
  record.from = static_cast<uint32_t>(from);
  record.to = to;
  record.index = has_index ? reference.index : 0;
  record.kind_and_length = kind | static_cast<uint32_t>(name.length) << 8;
  record.name_offset = name.offset;
  writer_.add(record);
}

// A cell does not know its variable; the functions that close over it do.
void Walk::name_cells(Address function) noexcept {
  const Layout& layout = *python.layout;
  Address closure = 0;
  for (const Field& field : layout.function_fields)
    if (strcmp(field.name, "__closure__") == 0) closure = pointer_at(function + at(field.offset));
  const Address code = pointer_at(function + at(layout.function_code));
  if (closure == 0 || code == 0 || type_of(code) != python.types.code) return;
  const bool apart = layout.code_free_names != kAbsent;  // else the last names of all the code's variables
  const Address names = pointer_at(code + at(apart ? layout.code_free_names : layout.code_local_names));
  const auto cells = read<uint64_t>(closure + kObjectSize), count = read<uint64_t>(names + kObjectSize);
  for (uint64_t i = 0; i < cells && cells <= count; i++)
    cell_names_[pointer_at(closure + kTupleItems + 8 * i)] = pointer_at(names + kTupleItems + 8 * (count - cells + i));
}

void Walk::walk_object(size_t i) noexcept {
  if (is_uncounted(i)) {
    for (const OwnedReference& reference : reader_.read_shared_keys(object(i))) emit(i, reference);
    return;
  }
  const Address address = object(i);
  const uint32_t row = types_.find(type_of(address));
  objects_[i].type = row;
  add(type_of(address));
  mark_flags(i);
  const uint32_t flags = objects_[i].flags;
  const LabelKind kind = (flags & kIsGlobals) != 0      ? LabelKind::kGlobal
                         : (flags & kIsAttributes) != 0 ? LabelKind::kAttribute
                                                        : LabelKind::kKey;
  for (const OwnedReference& reference : reader_.read_object(address, types_[row], kind))
    if (!is_in_free_list(address, reference)) emit(i, reference);
  if (types_[row].shape == Shape::kFunction) name_cells(address);
  if (const Address keys = shared_keys_of(address, types_[row])) {
    add_keys_table(keys);
    emit(i, {keys, LabelKind::kField, true, false, 0, reinterpret_cast<Address>("shared keys"), true});
  }
}

void Walk::write_references(UnreachedObjects& unreached) noexcept {
  const Address state = python.PyInterpreterState_Get();
  add_generations(state);
  add(python.types.type);
  add_field_roots(state, python.layout->interpreter_fields, "");
  uint32_t number = 0;
  for (Address thread = python.PyInterpreterState_ThreadHead(state); thread != 0;
       thread = python.PyThreadState_Next(thread))
    number++;
  for (Address thread = python.PyInterpreterState_ThreadHead(state); thread != 0;
       thread = python.PyThreadState_Next(thread))
    add_thread_roots(thread, number--);
  add_interpreter_roots(state);
  writer_.begin(dump::kTagDeclaredReferences, sizeof(dump::DeclaredReference));
  // A fault in somebody's tp_traverse loses that object's references, not the snapshot.
  if (sigsetjmp(FaultGuard::return_point(), 1) != 0) {
    faults_++;
    next_++;
  }
  do {
    FaultGuard::arm(true);
    for (; next_ < objects_.size(); next_++) walk_object(next_);
    FaultGuard::arm(false);
  } while (unreached.add_to_walk());
  writer_.end();
}

int64_t Walk::missing(size_t i) noexcept {
  constexpr uint32_t kSaysNothing = dump::kObjectUncounted | dump::kObjectImmortal | dump::kObjectStatic;
  if ((objects_[i].flags & kSaysNothing) != 0) return 0;
  return count_of(object(i)) - static_cast<int64_t>(find(object(i))->owned);
}

// ---- roots

void Walk::add_root(Address to, RootKind kind, bool counted, StringRef name, Address place) noexcept {
  const uint32_t index = add(to);
  if (counted) table_.find(to)->owned++;
  dump::DeclaredRoot root{};
  root.to = index;
  root.kind = kind;
  root.counted = counted ? 1 : 0;
  root.name = name;
  root.place = place;
  roots_.push(root);
}

void Walk::add_field_roots(Address base, const Fields& fields, const char* prefix) noexcept {
  for (const Field& field : fields) {
    char buffer[128];
    runtime::Text text(buffer, sizeof buffer);
    text.add(prefix).add(field.name);
    StringRef name{};
    for (int32_t i = 0; i < field.count; i++) {
      const Address place = base + at(field.offset) + 8 * static_cast<uint64_t>(i);
      const Address to = pointer_at(place);
      if (to == 0) continue;
      if (name.length == 0) name = writer_.string(buffer, text.size());
      add_root(to, RootKind::kExternal, true, name, place);
    }
  }
}

void Walk::add_interpreter_roots(Address state) noexcept {
  const Layout& layout = *python.layout;
  const StringRef name = writer_.string("method cache");
  for (int32_t i = 0; i < layout.method_cache_size; i++) {
    const Address place = state + at(layout.method_cache) + 24 * static_cast<uint64_t>(i) + 8;
    if (const Address to = pointer_at(place)) add_root(to, RootKind::kCache, true, name, place);
  }
  if (layout.atexit_callbacks == kAbsent) return;
  const Address ids = pointer_at(state + at(layout.unicode_ids) + 8);
  const StringRef id_name = writer_.string("identifier of the interpreter");
  for (uint64_t i = 0; ids != 0 && i < read<uint64_t>(state + at(layout.unicode_ids)); i++)
    if (const Address to = pointer_at(ids + 8 * i)) add_root(to, RootKind::kExternal, true, id_name, ids + 8 * i);
  const Address callbacks = pointer_at(state + at(layout.atexit_callbacks));
  const StringRef exit_name = writer_.string("atexit callback");
  for (int32_t i = 0; callbacks != 0 && i < read<int32_t>(state + at(layout.atexit_count)); i++) {
    const Address callback = pointer_at(callbacks + 8 * static_cast<uint64_t>(i));
    for (uint64_t word = 0; callback != 0 && word < 3; word++)
      if (const Address to = pointer_at(callback + 8 * word))
        add_root(to, RootKind::kExternal, true, exit_name, callback + 8 * word);
  }
}

void Walk::add_thread_roots(Address thread, uint32_t number) noexcept {
  const Layout& layout = *python.layout;
  char prefix[32];
  runtime::Text(prefix, sizeof prefix).add("thread ").add(number).add(", ");
  add_field_roots(thread, layout.thread_fields, prefix);
  Address base = thread;
  if (layout.thread_frame_indirect != kAbsent) base = pointer_at(thread + at(layout.thread_frame_indirect));
  constexpr int kDeepest = 1'000'000;
  Address frame = base != 0 ? pointer_at(base + at(layout.thread_frame)) : 0;
  for (int depth = 0; frame != 0 && depth < kDeepest; depth++) {
    add_frame_roots(view_frame(frame), number);
    frame = pointer_at(frame + at(layout.frame_previous));
  }
}

void Walk::add_frame_roots(const FrameView& frame, uint32_t thread) noexcept {
  const Layout& layout = *python.layout;
  if (frame.code == 0) return;
  char buffer[512];
  runtime::Text text(buffer, sizeof buffer);
  describe_frame(frame, thread, text);
  const size_t described = text.size();
  auto named = [&](const char* what, Address name) {
    char line[640];
    runtime::Text full(line, sizeof line);
    full.add(buffer, described).add(*what != '\0' ? ", " : "").add(what);
    add_text(full, name);
    return writer_.string(line, full.size());
  };
  if (layout.frame_function == kAbsent) {
    // The evaluation loop owns the frame object, a generator owns its own; the rest hangs below it.
    const Address generator_code = read<uint32_t>(frame.code + at(layout.code_flags));
    constexpr uint32_t kGeneratorFlags = 0x20 | 0x80 | 0x200;
    add_root(frame.frame, RootKind::kFrame, (generator_code & kGeneratorFlags) == 0, named("", 0), 0);
    return;
  }
  const bool generator = frame.owner == kOwnedByGenerator;
  if (!generator)
    for (const Field& field : layout.frame_fields)
      if (const Address to = pointer_at(frame.frame + at(field.offset)))
        add_root(to, RootKind::kCallContext, true, named(field.name, 0), frame.frame + at(field.offset));
  if (generator && frame.stack_top >= 0) return;  // visited by the generator
  const int64_t count = frame.stack_top > frame.value_count ? frame.stack_top : frame.value_count;
  for (int64_t i = 0; i < count; i++) {
    const Address place = frame.frame + at(layout.frame_values) + 8 * static_cast<uint64_t>(i);
    const Address to = pointer_at(place);
    if (to == 0) continue;
    const Address name = frame_value_name(frame.code, i);
    add_root(to, RootKind::kFrame, true, named(name != 0 ? "local " : "evaluation stack", name), place);
  }
}

void Walk::write_roots() noexcept {
  writer_.begin(dump::kTagDeclaredRoots, sizeof(dump::DeclaredRoot));
  for (const dump::DeclaredRoot& root : roots_) writer_.add(root);
  writer_.end();
}

}  // namespace reftally::python
