#include "runtime/core/visitor_guard.h"

#include <setjmp.h>
#include <signal.h>

#include "runtime/core/fault_handler.h"
#include "runtime/core/recorder.h"
#include "runtime/core/system.h"

namespace reftally::runtime {
namespace {

constexpr int kSeconds = 5;  // for all objects together

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
  return installed = handle_faults(on_signal, kSeconds, false);
}

void VisitorGuard::remove() noexcept {
  if (!installed) return;
  installed = false;
  stop_handling_faults();
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
