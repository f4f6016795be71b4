#include "runtime/core/program_state.h"

#include <signal.h>
#include <ucontext.h>

#include "runtime/core/recorder.h"
#include "runtime/core/system.h"

namespace reftally::runtime {
namespace {

uint64_t begin_of(const stack_t& stack) noexcept {
  return (stack.ss_flags & SS_DISABLE) != 0 ? 0 : reinterpret_cast<uint64_t>(stack.ss_sp);
}

uint64_t own_signal_stack() noexcept {
  stack_t stack{};
  return sigaltstack(nullptr, &stack) == 0 ? begin_of(stack) : 0;
}

}  // namespace

ProgramState interrupted_state(const void* context) noexcept {
  static constexpr int kDwarfOrder[dump::kRegisterCount] = {REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI,
                                                            REG_RBP, REG_RSP, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                                            REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP};
  const auto& registers = static_cast<const ucontext_t*>(context)->uc_mcontext.gregs;
  ProgramState state;
  for (int i = 0; i < dump::kRegisterCount; i++) state.registers[i] = static_cast<uint64_t>(registers[kDwarfOrder[i]]);
  state.thread_pointer = current_thread_pointer();
  state.tid = current_thread();
  state.signal_stack = begin_of(static_cast<const ucontext_t*>(context)->uc_stack);
  state.interrupted = true;
  return state;
}

ProgramState calling_state(const Registers& caller) noexcept {
  ProgramState state;
  state.registers[kRegisterPc] = caller.pc;
  state.registers[kRegisterSp] = caller.sp;
  state.registers[kRegisterBp] = caller.bp;
  state.thread_pointer = current_thread_pointer();
  if (recorder.restricted) return state;  // nobody will ask for the rest
  state.tid = current_thread();
  state.signal_stack = own_signal_stack();
  return state;
}

ProgramState calling_state(const CallState& caller) noexcept {
  ProgramState state = calling_state(Registers{caller.pc, caller.sp(), caller.rbp});
  state.registers[3] = caller.rbx;
  state.registers[12] = caller.r12;
  state.registers[13] = caller.r13;
  state.registers[14] = caller.r14;
  state.registers[15] = caller.r15;
  return state;
}

}  // namespace reftally::runtime
