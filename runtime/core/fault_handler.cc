#include "runtime/core/fault_handler.h"

#include <signal.h>
#include <sys/time.h>

#include "runtime/core/system.h"

namespace reftally::runtime {
namespace {

constexpr int kSignals[] = {SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE, SIGTRAP, SIGALRM};
constexpr size_t kStackSize = 64u << 10;

bool use_own_stack() noexcept {
  static void* memory = nullptr;
  if (memory == nullptr) memory = map_memory(kStackSize);
  stack_t stack{};
  stack.ss_sp = memory;
  stack.ss_size = kStackSize;
  return memory != nullptr && sigaltstack(&stack, nullptr) == 0;
}

}  // namespace

bool handle_faults(void (*on_signal)(int), int seconds, bool again) noexcept {
  if (!use_own_stack()) return false;
  struct sigaction action{};
  action.sa_handler = on_signal;
  action.sa_flags = SA_NODEFER | SA_ONSTACK;
  sigset_t set;
  sigemptyset(&set);
  for (int number : kSignals) {
    sigaction(number, &action, nullptr);
    sigaddset(&set, number);
  }
  sigprocmask(SIG_UNBLOCK, &set, nullptr);
  itimerval timer{};
  timer.it_value.tv_sec = seconds;
  if (again) timer.it_interval = timer.it_value;
  setitimer(ITIMER_REAL, &timer, nullptr);
  return true;
}

void stop_handling_faults() noexcept {
  const itimerval off{};
  setitimer(ITIMER_REAL, &off, nullptr);
  for (int number : kSignals) signal(number, SIG_DFL);
  sigset_t set;
  sigfillset(&set);
  sigprocmask(SIG_BLOCK, &set, nullptr);
}

}  // namespace reftally::runtime
