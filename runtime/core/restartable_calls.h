// System calls that the kernel ends with EINTR when their thread is stopped, though nothing happened: signal(7). Read
// by the agent, and by the analyzer for threads it stops with ptrace(2).
#pragma once

#include <sys/syscall.h>

namespace reftally::runtime {

// A call with a relative timeout waits for its full time again, but for those that say what was left.
inline bool may_be_made_again(long number) noexcept {
  switch (number) {
    case SYS_poll:
    case SYS_ppoll:
    case SYS_select:
    case SYS_pselect6:
    case SYS_epoll_wait:
    case SYS_epoll_pwait:
    case SYS_epoll_pwait2:
    case SYS_nanosleep:
    case SYS_clock_nanosleep:
    case SYS_pause:
    case SYS_rt_sigsuspend:
    case SYS_rt_sigtimedwait:
    case SYS_semop:
    case SYS_semtimedop:
    case SYS_msgrcv:
    case SYS_msgsnd:
    case SYS_futex:
    case SYS_io_getevents:
    case SYS_io_uring_enter:  // with EINTR nothing was submitted
    case SYS_recvfrom:        // with SO_RCVTIMEO
    case SYS_recvmsg:
    case SYS_recvmmsg:
    case SYS_sendto:  // with SO_SNDTIMEO
    case SYS_sendmsg:
    case SYS_accept:
    case SYS_accept4:
      return true;
    default:
      return false;
  }
}

}  // namespace reftally::runtime
