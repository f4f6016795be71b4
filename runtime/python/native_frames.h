// The native code between a Python frame and what it allocates, on demand: `reftally run --native-frames`.
//
// Of the native frames inside the innermost Python frame those count that lie between the innermost and the outermost
// of extension modules; the interpreter's own around them say nothing that the Python frame does not say.
#pragma once

#include "runtime/core/unwinder.h"
#include "runtime/python/interpreter.h"

namespace reftally::python {

// False, with one line on stderr, when it cannot be done.
bool prepare_native_frames() noexcept;

// Number of the stack: that of the Python frames itself where there is no extension's frame. `caller` is in the
// function that called the allocator.
uint32_t with_native_frames(uint32_t python_stack, const runtime::Registers& caller) noexcept;

struct NativeStack {
  uint32_t python_stack;
  uint32_t count;
  const uint64_t* return_addresses;  // innermost first
};
bool is_native_stack(uint32_t stack) noexcept;
NativeStack native_stack(uint32_t stack) noexcept;

}  // namespace reftally::python
