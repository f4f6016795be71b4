// One position of a call stack, as a reader knows it.
#pragma once

#include <cstdint>
#include <string>

namespace reftally {

struct SourceFrame {
  std::string function;  // demangled, or "module + 0x…" when nothing is known
  std::string file;      // empty when unknown
  uint32_t line = 0;
  std::string module;
};

}  // namespace reftally
