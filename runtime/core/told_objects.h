// Types that the program tells through reftally.h, and which of its blocks are objects of them.
#pragma once

#include "runtime/core/troubles.h"
#include "runtime/dump/writer.h"
#include "runtime/include/reftally.h"

namespace reftally::runtime {

// `type` null: there is no object at the address any more.
void tell_object(const void* object, const reftally_type* type) noexcept;

// Whether the object's type is one whose history is kept.
bool is_told_in_history(uint64_t object) noexcept;

// In the cloned child.
void write_told_objects(dump::Writer& writer, Troubles& troubles) noexcept;

}  // namespace reftally::runtime
