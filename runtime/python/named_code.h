// The code objects that call stacks name: from a code object to the places in the stacks that do, so that they can be
// told when it dies. None is kept alive: a program can see when its code goes (weak references, co_extra), and one that
// makes code all the time, by eval(), would keep all of it.
//
// When a code object dies, what the stacks say of it is put into words: its function, its file, and the line of each
// place. The next code object may lie where it lay, and stands for another function. When one of the same names and
// lines is seen, as in a loop around eval(), it takes over the places of the dead one, so that there are not more with
// every turn.
#pragma once

#include "runtime/python/interpreter.h"

namespace reftally::python {

struct CodePlaces {     // lists, kept by who has the places; 0: none
  uint32_t caller = 0;  // in the callers of a stack
  uint32_t innermost = 0;
};

struct CodeListener {
  void (*dies)(Address code, CodePlaces places, uint64_t words) noexcept;  // words: for dead_code()
  void (*returns)(Address code, CodePlaces places) noexcept;               // as another object
  CodePlaces (*join)(CodePlaces first, CodePlaces second) noexcept;
};

// With the GIL. False when there is no address space.
bool prepare_named_code(const CodeListener& listener) noexcept;

// nullptr: no code object, or no room. Valid until the next call.
CodePlaces* places_of_code(Address code) noexcept;

// A place in dead code, as one odd number: no address of a code object or of an instruction is odd.
constexpr bool is_dead(Address code) { return (code & 1) != 0; }
Address dead_code(uint64_t words, int line) noexcept;
struct DeadCode {
  const char *function, *file;
  uint32_t line;
};
DeadCode describe_dead(Address code) noexcept;

}  // namespace reftally::python
