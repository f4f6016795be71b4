// Sizes as sys.getsizeof tells them. A type's own __sizeof__ is called when it is a C function; its result is read
// and dropped in the snapshot child. A __sizeof__ written in Python is never called.
#include "runtime/python/references.h"

namespace reftally::python {
namespace {

uint64_t item_count(Address object, Address type) noexcept {
  const auto size = read<int64_t>(object + kObjectSize);
  if ((type_flags(type) & kFlagInt) != 0 && python.at_least(12)) return static_cast<uint64_t>(size) >> 3;
  return static_cast<uint64_t>(size < 0 ? -size : size);
}

// What the allocator puts before the object: collector header, and from 3.11 the dictionary and weakref words.
uint64_t header_size(Address object, const TypeInfo& type) noexcept {
  const uint64_t flags = type_flags(type.type);
  uint64_t size = type.collected && has_collector_header(object, type.type) ? kCollectorHeader : 0;
  const uint64_t managed = python.minor == 11 ? kFlagManagedDict : kFlagManagedDict | kFlagManagedWeakref;
  if (python.at_least(11) && (flags & managed) != 0) size += 16;
  return size;
}

uint64_t text_size(Address text) noexcept {
  const auto bits = read<uint32_t>(text + 32);
  const uint64_t kind = bits >> 2 & 7, length = read<uint64_t>(text + 16);
  const bool compact = (bits >> 5 & 1) != 0, ascii = (bits >> 6 & 1) != 0, wide = !python.at_least(12);
  const uint64_t ascii_size = wide ? 48 : 40, compact_size = wide ? 72 : 56;
  if (compact && ascii) return ascii_size + length + 1;
  uint64_t size = compact ? compact_size + (length + 1) * kind : compact_size + 8;
  const Address data = compact ? text + compact_size : pointer_at(text + compact_size);
  if (!compact && data != 0) size += (length + 1) * kind;
  const Address utf8 = pointer_at(text + ascii_size + 8);
  if (utf8 != 0 && utf8 != data) size += read<uint64_t>(text + ascii_size) + 1;
  return size;
}

uint64_t integer_size(Address integer) noexcept {
  const uint64_t digits = item_count(integer, python.types.integer);
  // 3.12 stores at least one digit and counts it
  return 24 + 4 * (digits == 0 && python.at_least(12) ? 1 : digits);
}

uint64_t set_size(Address set, uint64_t body) noexcept {
  const Address table = pointer_at(set + kSetTable);
  return body + (table != set + kSetSmallTable ? (read<uint64_t>(set + kSetMask) + 1) * 16 : 0);
}

uint64_t frame_values_size(Address object, bool generator) noexcept {
  const Layout& layout = *python.layout;
  Address frame = object;
  if (layout.frame_function != kAbsent) {
    if (generator && read<int8_t>(object + static_cast<uint64_t>(layout.generator_state)) > 0) return 0;
    frame = generator ? object + static_cast<uint64_t>(layout.generator_frame)
                      : pointer_at(object + static_cast<uint64_t>(layout.frame_object_frame));
    if (!generator && (frame < object || frame > object + 4096)) return 0;  // not its own
  } else if (generator) {
    return 0;
  }
  const FrameView view = view_frame(frame);
  if (view.code == 0) return 0;
  const int64_t stack = read<int32_t>(view.code + static_cast<uint64_t>(layout.code_stack_size));
  return static_cast<uint64_t>(view.value_count + stack) * 8;
}

}  // namespace

uint64_t body_size(Address object, Address type) noexcept {
  if ((type_flags(type) & kFlagType) != 0 && (type_flags(object) & kFlagHeapType) == 0)
    return static_cast<uint64_t>(python.layout->type_size);
  uint64_t size = static_cast<uint64_t>(read<int64_t>(type + kTypeBasicSize));
  const auto& types = python.types;
  const bool generator = type == types.generator || type == types.coroutine || type == types.async_generator;
  // Their items are the values of the frame inside, and where a count would be is a pointer.
  if (generator || type == types.frame) return size + frame_values_size(object, generator);
  if (const auto item = read<int64_t>(type + kTypeItemSize))
    size += item_count(object, type) * static_cast<uint64_t>(item);
  return size;
}

uint64_t size_of(Address object, const TypeInfo& type) noexcept {
  const auto& types = python.types;
  if (type.type == types.str) return text_size(object);
  if (type.type == types.integer) return integer_size(object);
  const uint64_t header = header_size(object, type), body = body_size(object, type.type);
  if (type.type == types.list) return header + body + read<uint64_t>(object + kListAllocated) * 8;
  if (type.type == types.tuple) return header + body;
  if (type.type == types.set || type.type == types.frozenset) return header + set_size(object, body);
  if (type.size_function == 0) return header + body;
  const auto function = reinterpret_cast<Address (*)(Address, Address)>(type.size_function);
  const Address result = function(object, 0);
  if (result == 0) {
    python.PyErr_Clear();
    return header + body;
  }
  const int64_t size = python.PyLong_AsLongLong(result);
  python.Py_DecRef(result);
  return header + static_cast<uint64_t>(size);
}

}  // namespace reftally::python
