// Where CPython keeps things: one row a minor version, offsets in bytes. The rows (layouts/cpython-3.N.inc) are
// printed by layouts/print_layout.c from that version's headers; they are constant within a minor version. What
// is constant from 3.9 to 3.13 is named here and nowhere else. Interpreter::check() proves a row before its use.
#pragma once

#include <cstdint>

namespace reftally::python {

inline constexpr int32_t kAbsent = -1;

// `count` consecutive PyObject pointers at `offset`, each owned.
struct Field {
  int32_t offset;
  int32_t count;
  const char* name;
};

struct Fields {
  const Field* begin_;
  const Field* end_;
  const Field* begin() const { return begin_; }
  const Field* end() const { return end_; }
};

struct Layout {
  int minor;
  int32_t interpreter_size, thread_size, type_size, heap_type_size, dict_size, function_size, generator_size;
  // PyInterpreterState
  int32_t gc_enabled, gc_generations, gc_permanent, gc_garbage, gc_callbacks;
  int32_t gc_stats;           // struct gc_generation_stats[3]
  int32_t method_cache;       // entries {version, name, value} of 24 bytes; the name is owned
  int32_t method_cache_size;  // entries
  int32_t unicode_ids;        // count, and a pointer to as many strings
  int32_t atexit_callbacks, atexit_count;
  int32_t static_types, static_extension_types, static_type_size, static_type_count,
      static_type_subclasses;  // of the interpreter's own types: state by index
  // PyHeapTypeObject
  int32_t ht_name, ht_slots, ht_qualname, ht_cached_keys, ht_module;
  // PyDictKeysObject; where log2_index_bytes is absent, `keys_size` entries of 1, 2, 4 or 8 bytes
  int32_t keys_size, keys_log2_index_bytes, keys_kind, keys_usable, keys_count, keys_indices;
  // PyCodeObject
  int32_t code_filename, code_name, code_qualname, code_first_line, code_names, code_local_count, code_local_names,
      code_cell_names, code_free_names, code_stack_size, code_dead_frame, code_flags, code_instructions;
  // the running frame: _PyInterpreterFrame, or PyFrameObject where frame_function is absent
  int32_t frame_code, frame_function, frame_locals, frame_object, frame_previous, frame_instruction, frame_stack_top,
      frame_owner, frame_values, frame_line, frame_globals;
  int32_t frame_block_count, frame_executing, frame_last_block;  // 3.9: of its stack of try blocks
  int32_t frame_object_frame;                                    // PyFrameObject -> _PyInterpreterFrame
  // PyThreadState: the current frame, read through current_frame_indirect when that is present
  int32_t thread_frame, thread_frame_indirect, thread_id, thread_native_id, thread_next;
  int32_t thread_stack_top, thread_stack_limit;  // of its frames: what lies above the top is dead
  // PyGenObject: the frame lies inside (generator_frame), or is pointed to (generator_frame_pointer)
  int32_t generator_frame, generator_frame_pointer, generator_state, generator_code, generator_name, generator_qualname,
      generator_origin;  // cr_origin: owned
  // PyFunctionObject
  int32_t function_code, function_name, function_qualname, function_module;
  int32_t cached_code;  // PyCodeObject::_co_cached: four owned pointers; absent before 3.12
  Fields interpreter_fields;
  Fields dead_fields;  // of the interpreter: lists of freed objects, whose words are no references
  Fields thread_fields, code_fields, function_fields, generator_fields, frame_fields;
};

const Layout* find_layout(int minor) noexcept;  // nullptr when there is no row

// ---- constant from 3.9 to 3.13 (default build, 64 bits)
inline constexpr int32_t kObjectCount = 0, kObjectType = 8, kObjectSize = 16;  // ob_refcnt, ob_type, ob_size
inline constexpr int32_t kCollectorHeader = 16;                                // PyGC_Head lies before the object
inline constexpr uint64_t kCollectorFinalized = 1;                             // in PyGC_Head's second word
inline constexpr int32_t kTypeName = 24, kTypeBasicSize = 32, kTypeItemSize = 40, kTypeFree = 48, kTypeFlags = 168,
                         kTypeDoc = 176, kTypeTraverse = 184, kTypeClear = 192, kTypeWeakListOffset = 208,
                         kTypeMethods = 232, kTypeMembers = 240, kTypeBase = 256, kTypeDict = 264,
                         kTypeDictOffset = 288, kTypeIsCollected = 328, kTypeBases = 336, kTypeMro = 344,
                         kTypeCache = 352, kTypeSubclasses = 360, kTypeDel = 376, kTypeFinalize = 392;
inline constexpr uint64_t kFlagStaticBuiltin = 1u << 1, kFlagInlineValues = 1u << 2, kFlagManagedWeakref = 1u << 3,
                          kFlagManagedDict = 1u << 4, kFlagHeapType = 1u << 9, kFlagCollected = 1u << 14,
                          kFlagInt = 1u << 24, kFlagList = 1u << 25, kFlagTuple = 1u << 26, kFlagBytes = 1u << 27,
                          kFlagStr = 1u << 28, kFlagDict = 1u << 29, kFlagException = 1u << 30, kFlagType = 1u << 31;
inline constexpr int32_t kListItems = 24, kListAllocated = 32, kTupleItems = 24, kDictKeys = 32, kDictValues = 40,
                         kDictUsed = 16;
inline constexpr int32_t kSetMask = 32, kSetTable = 40, kSetSmallTable = 64;
inline constexpr int32_t kTextState = 32;
inline constexpr int32_t kModuleDict = 16, kModuleName = 48, kModuleState = 32;

}  // namespace reftally::python
