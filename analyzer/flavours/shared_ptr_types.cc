// What debug information adds to a control block: its size, which ends it inside a pool (and which code tells without),
// and where a value made in place begins behind an allocator or for its alignment.
#include <algorithm>
#include <unordered_map>

#include "analyzer/base/recent_rows.h"
#include "analyzer/flavours/control_blocks.h"
#include "analyzer/flavours/flavours.h"
#include "analyzer/layouts/alignment.h"
#include "analyzer/layouts/walker.h"

namespace reftally {

namespace {

struct ClassFacts {
  uint64_t size = 0;          // 0: unknown
  uint64_t value_offset = 0;  // of a value in place; 0: unknown
  bool is_array = false;      // its size says nothing of the elements in front
};

// Of the first element of an array that stands behind its control block.
uint64_t offset_behind(const DebugTypes& types, const Type& type, const ControlBlockClass& known) {
  if (const auto data = find_member(type, {"__data_"})) return data->offset;
  const Type* const element = types.find(known.value_type);
  return round_up(type.size, std::max(alignment_of(type), element ? alignment_of(*element) : 1));
}

// libc++'s storage is bytes: an allocator, which takes room if it has members, and the value.
uint64_t behind_allocator(const Type& type, uint64_t storage) {
  if (type.template_arguments.size() < 2) return storage;
  const Type* const value = type.template_arguments[0];
  const Type* const allocator = type.template_arguments[1];
  if (!allocator || allocator->size <= 1) return storage;
  return round_up(storage + allocator->size, value ? alignment_of(*value) : 1);
}

ClassFacts class_facts(const DebugTypes& types, std::string_view type_info_name, uint64_t vtable) {
  const Type* type = types.find_mangled(type_info_name);
  ClassFacts facts;
  const ControlBlockClass known = control_block_class(type_info_name);
  facts.is_array = known.kind->place == ValuePlace::kArrayInFront || known.kind->place == ValuePlace::kArrayBehind;
  if (!type || type->is_declaration) {
    facts.size = types.size_in_code(vtable).value_or(0);
    return facts;
  }
  facts.size = type->size;
  if (known.kind->place == ValuePlace::kArrayBehind) {
    facts.value_offset = offset_behind(types, *type, known);
  } else if (const auto storage = find_member(*type, {"_M_impl", "_M_storage"})) {
    facts.value_offset = storage->offset;
  } else if (const auto emplaced = find_member(*type, {"__storage_"})) {
    facts.value_offset = behind_allocator(*type, emplaced->offset);
  } else if (const auto in_deleter = find_member(*type, {"del", "storage_"})) {
    facts.value_offset = in_deleter->offset;
  } else if (const auto with_allocator = find_member(*type, {"d_", "storage_"})) {
    facts.value_offset = with_allocator->offset;
  } else if (const auto object = find_member(*type, {"_M_obj"})) {
    facts.value_offset = object->offset;
  }
  return facts;
}

}  // namespace

void refine_shared_ptr_objects(const Image& image, const DebugTypes& types, CountedObjects& found) {
  constexpr uint64_t kLargestPadding = 16;  // a block may be larger than its object, but not by another object
  std::unordered_map<uint64_t, ClassFacts> classes;
  RecentRows<ClassFacts> recent;
  for (CountedObject& object : found.objects) {
    if (object.flavour != FlavourId::kSharedPtr) continue;
    const uint64_t vtable = image.word(object.address).value_or(0);
    const ClassFacts& facts = *recent.find(vtable, [&](uint64_t) {
      auto [known, added] = classes.try_emplace(vtable);
      if (added) known->second = class_facts(types, image.vtable_type(vtable), vtable);
      return &known->second;
    });
    if (object.value && object.value_block == Image::kNoBlock && facts.value_offset) {
      object.value = object.address + facts.value_offset;
    }
    if (facts.size == 0 || facts.is_array) continue;
    const bool is_alone = object.address == image.blocks[object.block].address;
    if (object.address + facts.size + (is_alone ? kLargestPadding : 1) <= object.end)
      object.end = object.address + facts.size;
    object.ends_there = true;
  }
}

}  // namespace reftally
