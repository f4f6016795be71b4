// Bad input and I/O: what was wrong, in which file, where, and what was expected. Caught once, in cli/main.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

namespace reftally {

class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message) : std::runtime_error(message) {}
  // "FILE: at byte OFFSET: expected EXPECTED"
  Error(const std::string& file, uint64_t offset, const std::string& expected);
};

// An invariant of our own, checked in release builds too: throws Error naming the invariant.
void require(bool holds, const char* invariant);

}  // namespace reftally
