// How to find the caller's frame at one pc, from .eh_frame.
#pragma once

#include <cstdint>

namespace reftally::runtime {

struct FrameRule {
  enum Base : uint8_t {
    kEnd = 0,            // outermost frame, signal frame, or no usable information
    kSp = 1,             // cfa = rsp + cfa_offset
    kBp = 2,             // cfa = rbp + cfa_offset
    kDereferenceBp = 3,  // cfa = *(rbp + cfa_offset): realigned stacks (DRAP)
  };
  enum BpKind : uint8_t { kBpSame, kBpAtCfa, kBpAtBp };
  Base base = kEnd;
  BpKind bp_kind = kBpSame;
  int64_t cfa_offset = 0;
  int64_t bp_offset = 0;
};

// `pc` is a return address: the rule is that of the call instruction before it.
FrameRule frame_rule(uint64_t pc) noexcept;

}  // namespace reftally::runtime
