// Which GTypes objects of the program have: their names and sizes, for the dump. Memory shows an object's type as an
// address that only GLib can name.
#pragma once

#include <cstdint>

#include "runtime/dump/writer.h"

namespace reftally::runtime {

// What is asked of libgobject about a type; its layout is part of GLib's ABI.
struct GTypeQuery {
  uint64_t type;
  const char* name;
  uint32_t class_size, instance_size;
};
using QueryType = void(uint64_t type, GTypeQuery* query);

// `object`: a GObject that is alive. Asks once a type. True when the history of its type is kept.
bool learn_type_of(const void* object, QueryType* query) noexcept;

// The same of an object of GStreamer that is no GObject: { type, 32-bit count, … }.
using TypeName = const char*(uint64_t type);
using TypeFromName = uint64_t(const char* name);
bool learn_mini_type_of(const void* object, TypeName* name) noexcept;
bool is_mini_type_in_history(const void* object) noexcept;  // asks nobody: the object may be gone
void learn_mini_type(uint64_t type, const char* name) noexcept;

void write_gobject_types(dump::Writer& writer) noexcept;  // in the cloned child

}  // namespace reftally::runtime
