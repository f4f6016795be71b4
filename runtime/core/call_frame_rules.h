// How to find the caller's frame at one pc, from .eh_frame.
#pragma once

#include <cstdint>

namespace reftally::runtime {

struct FrameRule {
  enum Base : uint8_t {
    kEnd = 0,            // outermost frame, or no usable information
    kSp = 1,             // cfa = rsp + cfa_offset
    kBp = 2,             // cfa = rbp + cfa_offset
    kDereferenceBp = 3,  // cfa = *(rbp + cfa_offset): realigned stacks (DRAP)
    kSignalFrame = 4,    // the kernel's: the interrupted registers lie at rsp
  };
  enum BpKind : uint8_t { kBpSame, kBpAtCfa, kBpAtBp };
  Base base = kEnd;
  BpKind bp_kind = kBpSame;
  int64_t cfa_offset = 0;
  int64_t bp_offset = 0;
  uint32_t function = 0;  // the low half of its first address; 0: not known
};

// `pc` lies inside the instruction that was running: of a return address, the byte before it.
FrameRule frame_rule(uint64_t pc) noexcept;

}  // namespace reftally::runtime
