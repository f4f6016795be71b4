#include "runtime/python/types.h"

namespace reftally::python {
namespace {

struct KnownMembers {
  Address Interpreter::Types::* type;
  Member members[6];
};

// Fields of the interpreter's own types that tp_members does not name, or names though tp_traverse skips them.
constexpr KnownMembers kKnownMembers[] = {
    {&Interpreter::Types::method, {{16, "__func__", true}, {24, "__self__", true}}},
    {&Interpreter::Types::builtin, {{24, "__self__", false}, {32, "__module__", false}}},
    {&Interpreter::Types::cell, {{16, "cell_contents", true}}},
    {&Interpreter::Types::traceback, {{16, "tb_next", true}, {24, "tb_frame", true}}},
    {&Interpreter::Types::range, {{16, "start", true}, {24, "stop", true}, {32, "step", true}, {40, "length", true}}},
    {&Interpreter::Types::slice, {{16, "start", true}, {24, "stop", true}, {32, "step", true}}},
    {&Interpreter::Types::method_descriptor,
     {{16, "__objclass__", true}, {24, "__name__", true}, {32, "__qualname__", true}}},
    {&Interpreter::Types::wrapper_descriptor,
     {{16, "__objclass__", true}, {24, "__name__", true}, {32, "__qualname__", true}}},
    {&Interpreter::Types::member_descriptor,
     {{16, "__objclass__", true}, {24, "__name__", true}, {32, "__qualname__", true}}},
    {&Interpreter::Types::getset_descriptor,
     {{16, "__objclass__", true}, {24, "__name__", true}, {32, "__qualname__", true}}},
    {&Interpreter::Types::class_method_descriptor,
     {{16, "__objclass__", true}, {24, "__name__", true}, {32, "__qualname__", true}}},
    {&Interpreter::Types::module, {{kModuleDict, "__dict__", true}, {kModuleName, "__name__", true}}},
    {&Interpreter::Types::weakref, {{24, "__callback__", true}}},
    {&Interpreter::Types::static_method, {{16, "__func__", true}, {24, "__dict__", true}}},
    {&Interpreter::Types::class_method, {{16, "__func__", true}, {24, "__dict__", true}}},
    {&Interpreter::Types::module_definition, {{32, "m_copy", true}}},
    {&Interpreter::Types::property, {}},
};

// PyBaseExceptionObject; 3.11 put the notes before the traceback.
constexpr Member kExceptionMembers[] = {{16, "__dict__", false, true},
                                        {24, "args", false, true},
                                        {32, "__traceback__", false, true},
                                        {40, "__context__", false, true},
                                        {48, "__cause__", false, true}};
constexpr Member kExceptionMembers311[] = {{16, "__dict__", false, true},    {24, "args", false, true},
                                           {32, "__notes__", false, true},   {40, "__traceback__", false, true},
                                           {48, "__context__", false, true}, {56, "__cause__", false, true}};

// Types of C extensions that own more than they show the collector, or that name none of their fields: read in their
// sources, known again by name and size.
struct ForeignMembers {
  const char* type;
  int64_t least_size, most_size;  // tp_basicsize
  Member members[2];
};
constexpr ForeignMembers kForeignMembers[] = {
    // lru_cache_object of 3.9 to 3.13; the wrapped function is also in its __dict__, as __wrapped__
    {"functools._lru_cache_wrapper", 136, 152, {{72, "cache", false}, {88, "func", false}}},
    // PyUFuncObject of numpy 1.22 to 2.4
    {"numpy.ufunc", 232, 240, {{224, "_loops", true}}},
};

bool is_leaf(Address type) noexcept {
  const auto& types = python.types;
  for (Address leaf : {types.str, types.integer, types.floating, types.bytes, types.boolean, types.complex_number,
                       types.bytearray, type_of(python.none), types.object})
    if (type == leaf) return true;
  return false;
}

Shape shape_of(Address type) noexcept {
  const auto& types = python.types;
  if (is_leaf(type)) return Shape::kLeaf;
  if (type == types.list) return Shape::kList;
  if (type == types.tuple) return Shape::kTuple;
  if (type == types.dict) return Shape::kDict;
  if (type == types.set || type == types.frozenset) return Shape::kSet;
  if (type == types.function) return Shape::kFunction;
  if (type == types.code) return Shape::kCode;
  if (type == types.frame) return Shape::kFrame;
  if (type == types.generator || type == types.coroutine || type == types.async_generator) return Shape::kGenerator;
  return (type_flags(type) & kFlagType) != 0 ? Shape::kType : Shape::kInstance;
}

const KnownMembers* known_members(Address type) noexcept {
  for (const KnownMembers& known : kKnownMembers)
    if (python.types.*known.type == type) return &known;
  return nullptr;
}

// Of the body's start, what belongs to a base that we know field by field.
uint64_t understood_size(Address type) noexcept {
  for (Address base = type; base != 0; base = pointer_at(base + kTypeBase))
    if (base != python.types.object && (known_members(base) != nullptr || shape_of(base) != Shape::kInstance))
      return static_cast<uint64_t>(read<int64_t>(base + kTypeBasicSize));
  return 16;
}

Address size_function(Address type) noexcept {
  constexpr int32_t kDescriptorType = 16, kDescriptorMethod = 40, kMethodFunction = 8, kMethodFlags = 16;
  constexpr uint32_t kNoArguments = 4, kCallingConvention = 0xf | 0x80 | 0x200;
  const Address descriptor = type_lookup(type, "__sizeof__");
  if (descriptor == 0 || type_of(descriptor) != python.types.method_descriptor) return 0;
  if (pointer_at(descriptor + kDescriptorType) == python.types.object) return 0;  // basicsize and items: see size_of
  const Address method = pointer_at(descriptor + kDescriptorMethod);
  if ((read<uint32_t>(method + kMethodFlags) & kCallingConvention) != kNoArguments) return 0;
  return pointer_at(method + kMethodFunction);
}

bool name_is(Address type, const char* name) noexcept {
  return strcmp(reinterpret_cast<const char*>(pointer_at(type + kTypeName)), name) == 0;
}

}  // namespace

uint32_t TypeTable::find(Address type) noexcept {
  uint32_t& row = index_[type];
  if (row == 0) {
    const uint32_t made = count() + 1;
    rows_.push(describe(type));
    index_[type] = made;  // describe may have moved the table
    return made - 1;
  }
  return row - 1;
}

TypeInfo TypeTable::describe(Address type) noexcept {
  TypeInfo info{};
  const uint64_t flags = type_flags(type);
  const bool heap = (flags & kFlagHeapType) != 0;
  info.type = type;
  info.shape = shape_of(type);
  info.collected = (flags & kFlagCollected) != 0;
  info.understood = understood_size(type);
  // The elements of an lru_cache are visited by their cache, which also visits their type on their behalf.
  info.counts_type = heap && !name_is(type, "functools._lru_list_elem");
  info.indexed = name_is(type, "collections.deque");
  info.lru_cache = name_is(type, "functools._lru_cache_wrapper");
  info.weak_list_offset = read<int64_t>(type + kTypeWeakListOffset);
  info.flags = (info.collected ? dump::kTypeCollected : 0) | (heap ? dump::kTypeHeapType : 0) |
               (pointer_at(type + kTypeTraverse) != 0 ? dump::kTypeHasTraverse : 0) |
               (pointer_at(type + kTypeClear) != 0 ? dump::kTypeHasClear : 0) |
               (pointer_at(type + kTypeDel) != 0 ? dump::kTypeLegacyFinalizer : 0);
  if (heap && pointer_at(type + kTypeFinalize) != 0 && type_lookup(type, "__del__") != 0)
    info.flags |= dump::kTypeHasFinalizer;
  info.size_function = size_function(type);
  add_members(info);
  return info;
}

void TypeTable::add_foreign_members(Address type) noexcept {
  const auto size = read<int64_t>(type + kTypeBasicSize);
  for (const ForeignMembers& known : kForeignMembers)
    if (name_is(type, known.type) && size >= known.least_size && size <= known.most_size)
      for (const Member& member : known.members)
        if (member.name != nullptr) members_.push(member);
}

void TypeTable::add_members(TypeInfo& info) noexcept {
  constexpr int32_t kMemberSize = 40, kMemberType = 8, kMemberOffset = 16;
  constexpr int32_t kObject = 6, kObjectOrError = 16;  // T_OBJECT, T_OBJECT_EX
  info.first_member = static_cast<uint32_t>(members_.size());
  if (info.shape != Shape::kInstance && info.shape != Shape::kType) return;
  if ((type_flags(info.type) & kFlagException) != 0) {
    if (python.at_least(11))
      for (const Member& member : kExceptionMembers311) members_.push(member);
    else
      for (const Member& member : kExceptionMembers) members_.push(member);
  }
  for (Address base = info.type; base != 0; base = pointer_at(base + kTypeBase)) {
    if (const KnownMembers* known = known_members(base))
      for (const Member& member : known->members)
        if (member.name != nullptr) members_.push(member);
    add_foreign_members(base);
    Address row = pointer_at(base + kTypeMembers);
    for (; row != 0 && pointer_at(row) != 0; row += kMemberSize) {
      const auto kind = read<int32_t>(row + kMemberType);
      if (kind != kObject && kind != kObjectOrError) continue;
      members_.push({read<int64_t>(row + kMemberOffset), reinterpret_cast<const char*>(pointer_at(row)), false});
    }
  }
  info.member_count = static_cast<uint32_t>(members_.size()) - info.first_member;
}

void type_name(Address type, runtime::Text& out) noexcept {
  const char* static_name = reinterpret_cast<const char*>(pointer_at(type + kTypeName));
  if ((type_flags(type) & kFlagHeapType) == 0) {
    out.add(static_name);
    return;
  }
  const Address dict = type_dict(type);
  const Address module = dict != 0 ? dict_get(dict, "__module__") : 0;
  if (module != 0 && type_of(module) == python.types.str && !text_equals(module, "builtins", 8)) {
    add_text(out, module);
    out.add(".");
  }
  if (!add_text(out, pointer_at(type + static_cast<uint64_t>(python.layout->ht_qualname)))) out.add(static_name);
}

}  // namespace reftally::python
