// How the snapshot calls things: keys, frames, and the objects that source gives a name.
#pragma once

#include "runtime/dump/format.h"
#include "runtime/python/references.h"

namespace reftally::python {

void describe_key(Address key, runtime::Text& out) noexcept;  // as repr would, for what can be told without code
void describe_frame(const FrameView& frame, uint32_t thread, runtime::Text& out) noexcept;

void add_code_name(runtime::Text& out, Address code) noexcept;  // qualified where the version has it

struct ObjectName {
  Address file = 0;  // a str
  uint32_t line = 0;
  bool known = false;
};
// "app.Session.open" for functions, types, modules, generators and frames; `known` false for anything else.
ObjectName describe_object(Address object, const TypeInfo& type, runtime::Text& out) noexcept;

}  // namespace reftally::python
