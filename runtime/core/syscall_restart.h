// Makes a system call that a signal of ours has interrupted go on, for the calls that SA_RESTART leaves out.
#pragma once

#include <cstdint>

namespace reftally::runtime {

// Behind the call of a syscall() of ours, which keeps the number at this distance of the stack pointer.
inline uint64_t after_our_syscall = 0;
inline constexpr int kOurSyscallNumber = -8;

// `context`: the handler's ucontext_t. Where the thread was about to see EINTR from a call that may be made again
// (signal(7), "Interruption of system calls"), it will make the call again instead.
void restart_interrupted_call(void* context) noexcept;

}  // namespace reftally::runtime
