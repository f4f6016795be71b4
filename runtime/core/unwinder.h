// Call stacks by call frame information (.eh_frame), with a cache of one word per return address.
//
// For x86-64 only three registers matter to find the callers: rsp, rbp and the return address. The rule of a pc is
// computed once by a small interpreter of DWARF call frame instructions (DWARF 5, section 6.4) on the FDE that
// _Unwind_Find_FDE names, then kept in a direct-mapped, lock-free table. Exact against _Unwind_Backtrace
// (tests/programs/agent/unwinder_test.cc); libunwind's unw_backtrace costs 3 to 8 times as much (research/native.md
// H4).
#pragma once

#include <cstddef>
#include <cstdint>

namespace reftally::runtime {

struct Registers {
  uint64_t pc, sp, bp;
};

// Return addresses into `frames`, innermost first, starting with start.pc; at most `capacity`. Async-signal-safe.
uint32_t unwind(Registers start, uint64_t* frames, uint32_t capacity) noexcept;

bool create_unwinder() noexcept;
void forget_unwind_rules() noexcept;  // after dlclose: addresses may be reused

// The frame that called the function this is expanded in.
[[gnu::always_inline]] inline Registers caller_registers() noexcept {
  auto* frame = static_cast<uint64_t*>(__builtin_frame_address(0));  // [0] caller's rbp, [1] return address
  return {frame[1], reinterpret_cast<uint64_t>(frame + 2), frame[0]};
}

}  // namespace reftally::runtime
