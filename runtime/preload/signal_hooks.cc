// The signal of the timer for snapshots at intervals is the program's own as soon as it asks for it.
#include <signal.h>
#include <sys/signalfd.h>

#include "runtime/core/snapshot_timer.h"
#include "runtime/preload/real_functions.h"

namespace reftally::runtime {
namespace {

// Daemons give all signals back what they did at first, and wait for none of them.
bool asks_for_nothing(const struct sigaction& wanted) noexcept {
  return (wanted.sa_flags & SA_SIGINFO) == 0 && wanted.sa_handler == SIG_DFL;
}

// True: done, the signal stays ours.
bool keep_signal(int number, const struct sigaction* wanted, struct sigaction* before) noexcept {
  if (!is_timer_signal(number)) return false;
  if (wanted != nullptr && !asks_for_nothing(*wanted)) {
    let_program_take_timer_signal();
    return false;
  }
  const struct sigaction fresh = wanted != nullptr ? *wanted : programs_timer_action();
  if (before != nullptr) *before = programs_timer_action();
  programs_timer_action() = fresh;
  return true;
}

bool keep_signal(int number, __sighandler_t wanted, __sighandler_t& before) noexcept {
  struct sigaction action{}, old{};
  action.sa_handler = wanted;
  if (!keep_signal(number, &action, &old)) return false;
  before = old.sa_handler;
  return true;
}

void before_wait(const sigset_t* signals) noexcept {
  for (int number = 1; number < SIGRTMIN; number++)
    if (is_timer_signal(number) && sigismember(signals, number) == 1) let_program_take_timer_signal();
}

}  // namespace
}  // namespace reftally::runtime

using namespace reftally::runtime;

#define HOOK extern "C" [[gnu::visibility("default")]]

#define HOOK_SIGACTION(name)                                                                     \
  HOOK int name(int number, const struct sigaction* wanted, struct sigaction* before) noexcept { \
    return keep_signal(number, wanted, before) ? 0 : real().name(number, wanted, before);        \
  }
HOOK_SIGACTION(sigaction)
HOOK_SIGACTION(__sigaction)

#define HOOK_SIGNAL(name)                                                              \
  HOOK __sighandler_t name(int number, __sighandler_t wanted) noexcept {               \
    __sighandler_t before;                                                             \
    return keep_signal(number, wanted, before) ? before : real().name(number, wanted); \
  }
HOOK_SIGNAL(signal)
HOOK_SIGNAL(bsd_signal)
HOOK_SIGNAL(ssignal)
HOOK_SIGNAL(sysv_signal)
HOOK_SIGNAL(__sysv_signal)
HOOK_SIGNAL(sigset)

HOOK int sigignore(int number) noexcept {
  if (is_timer_signal(number)) let_program_take_timer_signal();
  return real().sigignore(number);
}

HOOK int sigwait(const sigset_t* signals, int* number) {
  before_wait(signals);
  return real().sigwait(signals, number);
}

HOOK int sigwaitinfo(const sigset_t* signals, siginfo_t* info) {
  before_wait(signals);
  return real().sigwaitinfo(signals, info);
}

HOOK int sigtimedwait(const sigset_t* signals, siginfo_t* info, const struct timespec* time) {
  before_wait(signals);
  return real().sigtimedwait(signals, info, time);
}

HOOK int signalfd(int file, const sigset_t* signals, int flags) noexcept {
  before_wait(signals);
  return real().signalfd(file, signals, flags);
}
