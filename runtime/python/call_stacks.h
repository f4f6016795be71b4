// The Python call stack of an allocation, as a number: equal stacks have equal numbers, so a block's birth is 4 bytes.
//
// A stack is the innermost frame's call site and a chain, the call sites of its callers. Both are interned for good, up
// to `depth` frames together. The chain is found once an activation: its number is then written into the frame, as the
// value that CPython gives the stack pointer of a frame that is running (-1, "to assist debugging"; any negative number
// says the same). CPython itself wipes such a mark: a new activation sets the field, and so do leaving, yielding and
// calling a function without leaving the interpreter's loop, the return from which sets it to -1. So a frame that still
// has its mark has run on, or called C code, since it got it; whoever called it waits, at the instruction where
// it waited then. Frames that cannot have a mark, because their caller never left the loop, are compared with the
// chain that their call site had last time, up to the next frame with a mark that is known.
#pragma once

#include "runtime/python/interpreter.h"

namespace reftally::python {

inline constexpr uint32_t kMaxBirthDepth = 64;

enum class FrameKind {
  kBlockObject,  // 3.9: a frame is an object, and a running one has no stack pointer: see below
  kObject,       // 3.10
  kRecord,       // from 3.11 on a record on the thread's data stack, or inside a generator
};
// In 3.9 the mark is the last of a frame's 20 blocks, which only code with 20 nested loops and try statements uses;
// that it is there, "executing" says: 2 in place of 1, so that it goes as the other marks do.
FrameKind frame_kind() noexcept;

// False when there is no address space, or no way to the current thread.
bool prepare_call_stacks(uint32_t depth) noexcept;

// The tables are of the recorded interpreter: threads of others must leave them alone.
inline constexpr uint32_t kOfOtherInterpreter = ~uint32_t{0};

// With the GIL: number of the stack of now, from 1; 0 unknown; kOfOtherInterpreter. Asks nothing of the interpreter.
template <FrameKind Kind>
uint32_t current_stack() noexcept;

// Native frames further out than this address of the C stack are of callers of the innermost Python frame; 0 unknown.
Address native_stack_limit() noexcept;

struct CallSite {
  Address code;         // 0: a frame of C code, which has no lines; may be dead (named_code.h)
  Address instruction;  // of dead code: equal for equal lines
};
uint32_t call_stack_size(uint32_t stack) noexcept;
CallSite call_site(uint32_t stack, uint32_t level) noexcept;  // 0: innermost

}  // namespace reftally::python
