// Programs that restrict their own rights (seccomp): the last moment at which the agent may say that it has ended.
//
// Most ask for no new privileges before, by prctl(2). Who has privileges need not: libseccomp then calls syscall(2), as
// programs do that write their filters by hand.
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>

#include "runtime/core/recorder.h"
#include "runtime/core/snapshot_timer.h"
#include "runtime/core/syscall_restart.h"
#include "runtime/core/system.h"
#include "runtime/core/unwinder.h"
#include "runtime/preload/real_functions.h"

namespace reftally::runtime {
namespace {

void end_before_restriction() noexcept {
  if (!recording() || recorder.restricted || recorder.process.load() != current_process()) return;
  stop_snapshot_timer();
  recorder.restricted = asks_nothing = true;
  say("no dump: the program restricts its own rights (seccomp)");
}

bool restricts(unsigned long option) noexcept { return option == PR_SET_SECCOMP || option == PR_SET_NO_NEW_PRIVS; }

}  // namespace
}  // namespace reftally::runtime

using namespace reftally::runtime;

extern "C" [[gnu::visibility("default")]] int prctl(int option, unsigned long a, unsigned long b, unsigned long c,
                                                    unsigned long d) {
  if (restricts(static_cast<unsigned>(option))) end_before_restriction();
  return real().prctl(option, a, b, c, d);
}

extern "C" [[gnu::used, gnu::visibility("hidden")]] void reftally_before_syscall(long number, unsigned long a) {
  const bool filters = a == SECCOMP_SET_MODE_STRICT || a == SECCOMP_SET_MODE_FILTER;  // others only ask
  if (number == SYS_prctl ? restricts(a) : filters) end_before_restriction();
}

// syscall(3) as the C library has it, for its arguments are of no type, and the agent itself calls it before it has
// looked up any function.
asm(R"(
.pushsection .text
.globl syscall
.type syscall, @function
syscall:
.cfi_startproc
  cmp $317, %rdi  # SYS_seccomp
  je 2f
  cmp $157, %rdi  # SYS_prctl
  je 2f
1:
  mov %rdi, -8(%rsp)  # no signal handler touches what is so near
  mov %rdi, %rax
  mov %rsi, %rdi
  mov %rdx, %rsi
  mov %rcx, %rdx
  mov %r8, %r10
  mov %r9, %r8
  mov 8(%rsp), %r9
  syscall
.globl reftally_after_syscall
.hidden reftally_after_syscall
reftally_after_syscall:
  cmp $-4095, %rax
  jae 3f
  ret
2:
  push %rdi
  .cfi_adjust_cfa_offset 8
  push %rsi
  .cfi_adjust_cfa_offset 8
  push %rdx
  .cfi_adjust_cfa_offset 8
  push %rcx
  .cfi_adjust_cfa_offset 8
  push %r8
  .cfi_adjust_cfa_offset 8
  push %r9
  .cfi_adjust_cfa_offset 8
  sub $8, %rsp
  .cfi_adjust_cfa_offset 8
  call reftally_before_syscall
  add $8, %rsp
  .cfi_adjust_cfa_offset -8
  pop %r9
  .cfi_adjust_cfa_offset -8
  pop %r8
  .cfi_adjust_cfa_offset -8
  pop %rcx
  .cfi_adjust_cfa_offset -8
  pop %rdx
  .cfi_adjust_cfa_offset -8
  pop %rsi
  .cfi_adjust_cfa_offset -8
  pop %rdi
  .cfi_adjust_cfa_offset -8
  jmp 1b
3:
  neg %eax
  push %rax
  .cfi_adjust_cfa_offset 8
  call __errno_location@PLT
  pop %rcx
  .cfi_adjust_cfa_offset -8
  mov %ecx, (%rax)
  mov $-1, %rax
  ret
.cfi_endproc
.size syscall, . - syscall
.popsection
)");
extern "C" [[gnu::visibility("hidden")]] const char reftally_after_syscall[];
[[gnu::constructor]] static void know_our_syscall() {
  after_our_syscall = reinterpret_cast<uint64_t>(reftally_after_syscall);
}
static_assert(SYS_seccomp == 317 && SYS_prctl == 157);
