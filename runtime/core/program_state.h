// Where a thread of the program stands: its registers as DWARF numbers them (dump/format.h).
#pragma once

#include <cstdint>

#include "runtime/core/call_state.h"
#include "runtime/core/unwinder.h"
#include "runtime/dump/format.h"

namespace reftally::runtime {

inline constexpr int kRegisterBp = 6, kRegisterSp = 7, kRegisterPc = 16;

struct ProgramState {
  uint64_t registers[dump::kRegisterCount] = {};
  uint64_t thread_pointer = 0;
  uint64_t signal_stack = 0;  // where its sigaltstack() begins; 0: it has none
  uint32_t tid = 0;
  bool interrupted = false;  // at any instruction, by a signal: 128 bytes below sp may be in use (x86-64 psABI)

  Registers innermost() const noexcept {
    return {registers[kRegisterPc], registers[kRegisterSp], registers[kRegisterBp]};
  }
};

// Of a thread that a signal interrupted; `context` is the handler's ucontext_t.
ProgramState interrupted_state(const void* context) noexcept;
// Of the calling thread, where it called the agent.
ProgramState calling_state(const CallState& caller) noexcept;
// The same, where no register holds anything any more.
ProgramState calling_state(const Registers& caller) noexcept;

}  // namespace reftally::runtime
