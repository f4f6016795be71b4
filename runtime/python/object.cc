#include "runtime/python/object.h"

namespace reftally::python {
namespace {

constexpr int32_t kTextLength = 16;
struct TextState {
  uint32_t bits;
  uint32_t kind() const { return bits >> 2 & 7; }  // bytes per character
  bool compact() const { return (bits >> 5 & 1) != 0; }
  bool ascii() const { return (bits >> 6 & 1) != 0; }
};

// Strings made by the old C API are not compact: their data is elsewhere. Names never are.
Address text_data(Address text, TextState state) noexcept {
  if (!state.compact()) return 0;
  const bool with_wide = !python.at_least(12);  // wstr and its length went in 3.12
  if (state.ascii()) return text + (with_wide ? 48 : 40);
  return text + (with_wide ? 72 : 56);
}

uint32_t character(Address data, uint32_t kind, uint64_t i) noexcept {
  if (kind == 1) return read<uint8_t>(data + i);
  return kind == 2 ? read<uint16_t>(data + 2 * i) : read<uint32_t>(data + 4 * i);
}

size_t encode(uint32_t c, char* out) noexcept {
  if (c < 0x80) {
    out[0] = static_cast<char>(c);
    return 1;
  }
  const size_t length = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
  for (size_t i = length - 1; i > 0; i--, c >>= 6) out[i] = static_cast<char>(0x80 | (c & 0x3f));
  const uint32_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
  out[0] = static_cast<char>(lead[length] | c);
  return length;
}

}  // namespace

bool has_collector_header(Address object, Address type) noexcept {
  if ((type_flags(type) & kFlagCollected) == 0) return false;
  const auto is_collected = read<int (*)(Address)>(type + kTypeIsCollected);
  return is_collected == nullptr || is_collected(object) != 0;
}

size_t copy_text(Address text, char* buffer, size_t capacity) noexcept {
  const TextState state{read<uint32_t>(text + kTextState)};
  const auto length = read<uint64_t>(text + kTextLength);
  const Address data = text_data(text, state);
  if (data == 0) return 0;
  if (state.ascii()) {
    const size_t size = length < capacity ? length : capacity;
    memcpy(buffer, reinterpret_cast<const void*>(data), size);
    return size;
  }
  size_t size = 0;
  for (uint64_t i = 0; i < length && size + 4 <= capacity; i++)
    size += encode(character(data, state.kind(), i), buffer + size);
  return size;
}

bool add_text(runtime::Text& out, Address text) noexcept {
  if (text == 0 || (type_flags(type_of(text)) & kFlagStr) == 0) return false;
  char buffer[512];
  out.add(buffer, copy_text(text, buffer, sizeof buffer));
  return true;
}

bool text_equals(Address text, const char* expected, size_t length) noexcept {
  if (type_of(text) != python.types.str || read<uint64_t>(text + kTextLength) != length) return false;
  const TextState state{read<uint32_t>(text + kTextState)};
  return state.compact() && state.ascii() &&
         memcmp(reinterpret_cast<const void*>(text_data(text, state)), expected, length) == 0;
}

uint64_t integer_value(Address integer) noexcept {
  const auto size = read<uint64_t>(integer + kObjectSize);
  const uint64_t digits = python.at_least(12) ? size >> 3 : size;
  uint64_t value = 0;
  for (uint64_t i = digits < 3 ? digits : 3; i-- > 0;) value = value << 30 | read<uint32_t>(integer + 24 + 4 * i);
  return value;
}

int64_t small_integer(Address integer, bool& fits) noexcept {
  uint64_t digits;
  bool negative;
  if (python.at_least(12)) {
    const auto tag = read<uint64_t>(integer + 16);
    digits = tag >> 3;
    negative = (tag & 3) == 2;
    if ((tag & 3) == 1) digits = 0;
  } else {
    const auto size = read<int64_t>(integer + 16);
    negative = size < 0;
    digits = static_cast<uint64_t>(negative ? -size : size);
  }
  fits = digits <= 2;
  int64_t value = 0;
  for (uint64_t i = digits < 2 ? digits : 2; i-- > 0;) value = value << 30 | read<uint32_t>(integer + 24 + 4 * i);
  return negative ? -value : value;
}

DictEntries::DictEntries(Address keys) noexcept {
  const Layout& layout = *python.layout;
  if (keys == 0) return;
  count = read<uint64_t>(keys + layout.keys_count);
  if (layout.keys_size == kAbsent) {
    entries = keys + layout.keys_indices + (uint64_t{1} << read<uint8_t>(keys + layout.keys_log2_index_bytes));
    stride = read<uint8_t>(keys + layout.keys_kind) == 0 ? 24 : 16;
  } else {
    const auto size = read<uint64_t>(keys + layout.keys_size);
    const uint64_t index_bytes = size <= 0xff ? 1 : size <= 0xffff ? 2 : size <= 0xffffffff ? 4 : 8;
    entries = keys + layout.keys_indices + size * index_bytes;
  }
  end = entries + (count + read<uint64_t>(keys + layout.keys_usable)) * stride;
}

// 3.11: a pointer to the values 32 bytes before the object. 3.12: one word 24 before it, the values' address less
// one, or the dictionary. 3.13: the values follow the object, valid as long as their fourth byte says so.
Address inline_values(Address object, Address type) noexcept {
  const uint64_t flags = type_flags(type);
  if ((flags & kFlagManagedDict) == 0) return 0;
  if (python.minor == 11) return pointer_at(object - 32);
  if (python.minor == 12) {
    const Address word = pointer_at(object - 24);
    return (word & 1) != 0 ? word + 1 : 0;
  }
  if ((flags & kFlagInlineValues) == 0) return 0;
  const Address values = object + static_cast<uint64_t>(read<int64_t>(type + kTypeBasicSize));
  return read<uint8_t>(values + 3) != 0 ? values : 0;
}

Address instance_dict(Address object, Address type) noexcept {
  if (python.at_least(11) && (type_flags(type) & kFlagManagedDict) != 0) {
    const Address word = pointer_at(object - 24);
    return python.minor == 12 && (word & 1) != 0 ? 0 : word;
  }
  auto offset = read<int64_t>(type + kTypeDictOffset);
  if (offset == 0 || offset == -1) return 0;  // -1: managed, without the flag: nothing of this object is known
  if (offset > 0) return pointer_at(object + static_cast<uint64_t>(offset));
  // From the end of a variable-sized object (int, tuple and bytes subclasses).
  int64_t items = python.at_least(12) && (type_flags(type) & kFlagInt) != 0
                      ? static_cast<int64_t>(read<uint64_t>(object + kObjectSize) >> 3)
                      : read<int64_t>(object + kObjectSize);
  if (items < 0) items = -items;
  const int64_t size = read<int64_t>(type + kTypeBasicSize) + items * read<int64_t>(type + kTypeItemSize);
  offset += (size + 7) & ~int64_t{7};
  return pointer_at(object + static_cast<uint64_t>(offset));
}

Address dict_get(Address dict, const char* name) noexcept {
  const DictEntries entries(pointer_at(dict + kDictKeys));
  const size_t length = strlen(name);
  for (uint64_t i = 0; i < entries.count; i++) {
    const Address key = entries.key(i);
    if (key == 0 || !text_equals(key, name, length)) continue;
    const Address values = pointer_at(dict + kDictValues);
    return values != 0 ? pointer_at(first_value(values) + 8 * i) : entries.value(i);
  }
  return 0;
}

Address type_dict(Address type) noexcept {
  const Address dict = pointer_at(type + kTypeDict);
  if (dict != 0 || python.PyType_GetDict == nullptr) return dict;
  const Address kept_by_interpreter = python.PyType_GetDict(type);
  if (kept_by_interpreter != 0) python.Py_DecRef(kept_by_interpreter);
  return kept_by_interpreter;
}

Address type_lookup(Address type, const char* name) noexcept {
  const Address mro = pointer_at(type + kTypeMro);
  if (mro == 0) return 0;
  const auto count = read<uint64_t>(mro + kObjectSize);
  for (uint64_t i = 0; i < count; i++) {
    const Address base = pointer_at(mro + kTupleItems + 8 * i);
    const Address dict = type_dict(base);
    if (dict == 0) continue;
    if (const Address found = dict_get(dict, name)) return found;
  }
  return 0;
}

}  // namespace reftally::python
