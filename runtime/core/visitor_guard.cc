#include "runtime/core/visitor_guard.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/time.h>

#include "runtime/core/recorder.h"
#include "runtime/core/system.h"

namespace reftally::runtime {
namespace {

constexpr int kSignals[] = {SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE, SIGTRAP, SIGALRM};
constexpr int kSeconds = 5;  // for all objects together
constexpr size_t kSignalStack = 64u << 10;

sigjmp_buf point;
volatile sig_atomic_t calling = 0, paused = 0, expired = 0;
bool installed = false;

void on_signal(int number) {
  if (number == SIGALRM) expired = 1;
  if (calling != 0 && paused == 0) siglongjmp(point, 1);
  if (number != SIGALRM) signal(number, SIG_DFL);  // no visitor's fault: end as if we had not been here
}

}  // namespace

VisitorGuard::Pause::Pause() noexcept { paused = 1; }
VisitorGuard::Pause::~Pause() {
  paused = 0;
  if (expired != 0 && calling != 0) siglongjmp(point, 1);
}

bool VisitorGuard::install() noexcept {
  // Where the process could not be copied we are the program itself.
  if (recorder.restricted || current_process() == recorder.process.load()) return false;
  // A visitor may have run out of stack: the handler has one of its own.
  stack_t stack{};
  stack.ss_sp = map_memory(kSignalStack);
  stack.ss_size = kSignalStack;
  if (stack.ss_sp == nullptr || sigaltstack(&stack, nullptr) != 0) return false;
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
  timer.it_value.tv_sec = kSeconds;
  setitimer(ITIMER_REAL, &timer, nullptr);
  return installed = true;
}

void VisitorGuard::remove() noexcept {
  if (!installed) return;
  installed = false;
  const itimerval off{};
  setitimer(ITIMER_REAL, &off, nullptr);
  for (int number : kSignals) signal(number, SIG_DFL);
  sigset_t set;
  sigfillset(&set);
  sigprocmask(SIG_BLOCK, &set, nullptr);
}

void VisitorGuard::give_up() noexcept {
  if (calling != 0) siglongjmp(point, 1);
}

bool VisitorGuard::call(Visitor visitor, const void* object, reftally_visit visit, void* context) noexcept {
  if (!installed || expired != 0) return false;
  if (sigsetjmp(point, 0) != 0) {
    calling = 0;
    paused = 0;
    return false;
  }
  calling = 1;
  visitor(object, visit, context);
  calling = 0;
  return true;
}

}  // namespace reftally::runtime
