// Where a value lies in a stopped frame: DWARF expressions (DWARF 5, section 2.5) with the operators that compilers use
// for variables and call frames.
#pragma once

#include <elfutils/libdw.h>

#include <optional>
#include <span>

#include "analyzer/image/image.h"

namespace reftally {

// What is known of the registers of a frame, in DWARF numbering (16: the return address).
struct FrameRegisters {
  uint64_t value[dump::kRegisterCount] = {};
  uint64_t saved_at[dump::kRegisterCount] = {};  // where an inner frame keeps it; 0: still in the register
  uint32_t known = 0;                            // bit n: value[n] is

  bool has(uint64_t n) const { return n < dump::kRegisterCount && (known >> n & 1) != 0; }
  void set(uint64_t n, uint64_t number, uint64_t saved) {
    value[n] = number;
    saved_at[n] = saved;
    known |= 1u << n;
  }
};

struct Location {
  enum Kind : uint8_t { kMemory, kRegister, kValue };
  Kind kind = kMemory;
  uint64_t number = 0;  // address, register, or the value itself
};

struct LocationContext {
  const Image& image;
  const FrameRegisters& registers;
  std::optional<uint64_t> frame_address;  // CFA
  std::optional<uint64_t> frame_base;     // DW_AT_frame_base
};

// Nothing when an operator is not known, or a word is not in the image.
std::optional<Location> evaluate(std::span<const Dwarf_Op> operations, const LocationContext& context);

}  // namespace reftally
