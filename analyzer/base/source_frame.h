// One position of a call stack, as a reader knows it.
#pragma once

#include <cstdint>
#include <string>

namespace reftally {

// The function of a frame that lies in no module: of a library that was unloaded since, or of code made at run time.
// Its address says nothing, and another run has another.
inline constexpr const char* kUnknownCode = "???";

struct SourceFrame {
  std::string function;  // demangled, or "module + 0x…" when nothing more is known, or kUnknownCode
  std::string file;      // empty when unknown
  uint32_t line = 0;
  std::string module;
};

}  // namespace reftally
