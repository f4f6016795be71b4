#include <setjmp.h>
#include <signal.h>
#include <sys/time.h>

#include "runtime/python/walk.h"

namespace reftally::python {
namespace {

sigjmp_buf point;
volatile bool armed = false;
constexpr int kSignals[] = {SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE, SIGALRM};
constexpr int kStuckSeconds = 300;  // a call that waits for a lock of a thread that is not in this child

void on_fault(int number) {
  if (armed) siglongjmp(point, 1);
  runtime::say("no dump: the snapshot met memory that is not as expected: signal", "", static_cast<uint64_t>(number));
  runtime::end_child(false);
}

}  // namespace

void FaultGuard::install() noexcept {
  struct sigaction action{};
  action.sa_handler = on_fault;
  action.sa_flags = SA_NODEFER;
  sigset_t set;
  sigemptyset(&set);
  for (int number : kSignals) {
    sigaction(number, &action, nullptr);
    sigaddset(&set, number);
  }
  sigprocmask(SIG_UNBLOCK, &set, nullptr);
  itimerval timer{};
  timer.it_value.tv_sec = timer.it_interval.tv_sec = kStuckSeconds;
  setitimer(ITIMER_REAL, &timer, nullptr);
}

sigjmp_buf& FaultGuard::return_point() noexcept { return point; }
void FaultGuard::arm(bool on) noexcept { armed = on; }

}  // namespace reftally::python
