#include "runtime/core/syscall_restart.h"

#include <errno.h>
#include <ucontext.h>

#include <cstdint>
#include <cstring>

#include "runtime/core/restartable_calls.h"

namespace reftally::runtime {
namespace {

// `mov $number, %eax; syscall` before the pc: how the C library makes calls. -1: something else.
long call_before(uint64_t pc, uint64_t stack) noexcept {
  if (pc == after_our_syscall) return *reinterpret_cast<const long*>(stack + kOurSyscallNumber);
  constexpr uint8_t kMoveToEax = 0xb8, kSyscall[2] = {0x0f, 0x05};
  uint8_t code[7];
  memcpy(code, reinterpret_cast<const void*>(pc - sizeof code), sizeof code);
  int32_t number;
  memcpy(&number, code + 1, sizeof number);
  return code[0] == kMoveToEax && memcmp(code + 5, kSyscall, sizeof kSyscall) == 0 ? number : -1;
}

}  // namespace

void restart_interrupted_call(void* context) noexcept {
  auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  if (registers[REG_RAX] != -EINTR) return;
  const long number = call_before(static_cast<uint64_t>(registers[REG_RIP]), static_cast<uint64_t>(registers[REG_RSP]));
  if (!may_be_made_again(number)) return;
  // The kernel has written how much was left, if it was asked to.
  constexpr long kAbsolute = 1;  // TIMER_ABSTIME
  if (number == SYS_nanosleep && registers[REG_RSI] != 0) registers[REG_RDI] = registers[REG_RSI];
  if (number == SYS_clock_nanosleep && registers[REG_R10] != 0 && (registers[REG_RSI] & kAbsolute) == 0)
    registers[REG_RDX] = registers[REG_R10];
  registers[REG_RAX] = number;
  registers[REG_RIP] -= 2;
}

}  // namespace reftally::runtime
