// The life of the Python agent in a process; see agent.cc.
#pragma once

#include "runtime/python/interpreter.h"

namespace reftally::python {

bool start_agent() noexcept;  // with the GIL; false, with one line on stderr, when this interpreter is not known
void exit_snapshot_is_taken() noexcept;  // the native agent has asked for it
void snapshot_at_exit() noexcept;        // the calling thread holds the GIL

// ---- the C structs of extension modules, unchanged from 3.9 to 3.13
struct MethodDefinition {
  const char* name;
  Address (*function)(Address self, Address arguments);
  int flags;
  const char* doc;
};
inline constexpr int kVariableArguments = 1, kNoArguments = 4, kOneArgument = 8;

struct ModuleDefinition {
  int64_t count = 1;
  Address type = 0, init = 0;
  int64_t index = 0;
  Address copy = 0;
  const char* name;
  const char* doc;
  int64_t size = -1;
  MethodDefinition* methods;
  Address slots = 0, traverse = 0, clear = 0, free = 0;
};

Address new_none() noexcept;

}  // namespace reftally::python
