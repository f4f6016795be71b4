// Reading objects in place: types, strings, dictionaries, small integers. Reads only; never runs code.
#pragma once

#include "runtime/core/system.h"
#include "runtime/python/interpreter.h"

namespace reftally::python {

inline Address type_of(Address object) noexcept { return pointer_at(object + kObjectType); }
inline uint64_t type_flags(Address type) noexcept { return read<uint64_t>(type + kTypeFlags); }
inline bool is_type(Address object) noexcept { return (type_flags(type_of(object)) & kFlagType) != 0; }

// References to the object as its own counter says; 3.12 and later keep it in 32 bits.
inline int64_t count_of(Address object) noexcept {
  return python.at_least(12) ? read<int32_t>(object) : read<int64_t>(object);
}
inline bool is_immortal(Address object) noexcept { return python.at_least(12) && read<int32_t>(object) < 0; }

// PyASCIIObject::state of a str: its two lowest bits say whether it is in the table of unique strings.
inline bool is_interned(Address text) noexcept { return (read<uint32_t>(text + kTextState) & 3) != 0; }

// True when the object has a PyGC_Head before it (tp_is_gc answers for types, of which the static ones have none).
bool has_collector_header(Address object, Address type) noexcept;

// The text of a str as UTF-8, cut to the room there is.
size_t copy_text(Address text, char* buffer, size_t capacity) noexcept;
bool add_text(runtime::Text& out, Address text) noexcept;  // false when `text` is not a str
bool text_equals(Address text, const char* expected, size_t length) noexcept;

uint64_t integer_value(Address integer) noexcept;             // of a non-negative exact int below 2^64
int64_t small_integer(Address integer, bool& fits) noexcept;  // exact int of at most two digits

// The entries of a dictionary's keys table, in insertion order.
struct DictEntries {
  uint64_t count = 0;
  Address entries = 0;
  Address end = 0;      // of the table, unused entries included
  int32_t stride = 24;  // 24: hash, key, value; 16: key, value

  explicit DictEntries(Address keys) noexcept;
  uint64_t capacity() const noexcept { return (end - entries) / static_cast<uint64_t>(stride); }
  Address key(uint64_t i) const noexcept { return pointer_at(entries + i * stride + (stride == 24 ? 8 : 0)); }
  Address value(uint64_t i) const noexcept { return pointer_at(entries + i * stride + (stride == 24 ? 16 : 8)); }
};

// Where the values of a split dictionary or of inline attributes lie: `values` as the struct field says.
inline Address first_value(Address values) noexcept { return python.at_least(13) ? values + 8 : values; }

// The attributes of `object` without a dictionary: values by the order of its type's cached keys; 0 when none.
Address inline_values(Address object, Address type) noexcept;
Address instance_dict(Address object, Address type) noexcept;  // 0 none

Address dict_get(Address dict, const char* name) noexcept;     // borrowed; by text, without hashing; 0 none
Address type_dict(Address type) noexcept;                      // also of static types, 3.12
Address type_lookup(Address type, const char* name) noexcept;  // along the method resolution order

}  // namespace reftally::python
