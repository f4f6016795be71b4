// Call stacks by call frame information (.eh_frame), with a cache of one word per return address.
//
// For x86-64 only three registers matter to find the callers: rsp, rbp and the return address. The rule of a pc is
// computed once by a small interpreter of DWARF call frame instructions (DWARF 5, section 6.4), then kept in a
// direct-mapped, lock-free table. Exact against _Unwind_Backtrace (tests/unit/core/birth_stacks_test.cc); libunwind's
// unw_backtrace costs 3 to 8 times as much (research/native.md H4).
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "runtime/core/thread_stack.h"

namespace reftally::runtime {

struct Registers {
  uint64_t pc, sp, bp;
};

inline uint64_t word_at(uint64_t address) noexcept {
  uint64_t value;
  memcpy(&value, reinterpret_cast<const void*>(address), sizeof value);
  return value;
}

// One frame on the way out, from callee to caller.
inline bool asks_nothing = false;  // of the kernel: the program gave up rights

class StackWalk {
 public:
  // `bounds`: the stack that `start` is on, empty when unknown (fibres, signal stacks): then each page but the one that
  // the call has written to is tried before it is read. `pc_is_return_address` is false for registers that a signal
  // interrupted.
  StackWalk(const Registers& start, const StackBounds& bounds, bool pc_is_return_address) noexcept
      : at_(start), is_return_(pc_is_return_address) {
    set_bounds(bounds);
  }

  const Registers& registers() const noexcept { return at_; }
  bool step() noexcept;  // to the caller; false when it ended here

  bool ended() const noexcept { return state_ != kGoing; }
  bool was_lost() const noexcept { return state_ == kLost; }  // ended where it made no sense
  // The slot with the zero return address that ended the walk; 0 when it ended for want of a rule.
  uint64_t end_slot() const noexcept { return state_ == kZero ? return_slot_ : 0; }

  // Of the last step: whether the same registers, and the same words in the return slot (below the caller's sp) and in
  // bp_slot() (0: rbp is the callee's), are enough to give the same step again.
  bool step_repeats() const noexcept { return step_repeats_; }
  bool step_used_bp() const noexcept { return step_used_bp_; }  // rbp's value decided where it went
  uint64_t bp_slot() const noexcept { return bp_slot_; }
  uint32_t function() const noexcept { return function_; }  // that it left: FrameRule::function

 private:
  enum State : uint8_t { kGoing, kNoRule, kZero, kLost };

  bool plain_step(uint32_t packed, uint32_t function) noexcept;
  bool rare_step() noexcept;
  bool load(uint64_t address, uint64_t& value) noexcept;
  void set_bounds(const StackBounds& bounds) noexcept;
  bool holds(uint64_t address) noexcept { return bounds_.holds(address) || (is_foreign_ && try_page_of(address)); }
  bool try_page_of(uint64_t address) noexcept;
  bool step_over_signal() noexcept;
  bool end(State state) noexcept {
    state_ = state;
    return false;
  }

  Registers at_;
  StackBounds bounds_;  // of a foreign stack what is known to be readable
  bool is_foreign_ = false, is_return_;
  bool step_repeats_ = false, step_used_bp_ = false;
  State state_ = kGoing;
  uint64_t return_slot_ = 0, bp_slot_ = 0;
  uint32_t function_ = 0;
};

// Return addresses into `frames`, innermost first, starting with start.pc; at most `capacity`. Async-signal-safe.
uint32_t unwind(const Registers& start, const StackBounds& bounds, bool pc_is_return_address, uint64_t* frames,
                uint32_t capacity) noexcept;

// Bounds of the stack the calling thread is on when `sp` lies on its own, else empty.
inline StackBounds bounds_around(uint64_t sp) noexcept {
  const StackBounds own = own_stack();
  return own.holds(sp) ? own : StackBounds{};
}

bool create_unwinder() noexcept;
void forget_unwind_rules() noexcept;  // after dlclose: addresses may be reused

// The frame that called the function this is expanded in.
[[gnu::always_inline]] inline Registers caller_registers() noexcept {
  auto* frame = static_cast<uint64_t*>(__builtin_frame_address(0));  // [0] caller's rbp, [1] return address
  return {frame[1], reinterpret_cast<uint64_t>(frame + 2), frame[0]};
}

}  // namespace reftally::runtime
