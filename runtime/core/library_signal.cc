#include "runtime/core/library_signal.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace reftally::runtime {
namespace {

// As rt_sigaction(2) has it; sigaction(3) refuses this signal.
struct KernelAction {
  SignalHandler handler;
  uint64_t flags;
  void (*restorer)();
  uint64_t mask;
};

KernelAction glibcs;
SignalHandler ours = nullptr;
bool is_borrowed = false;

bool exchange(const KernelAction* fresh, KernelAction* before) noexcept {
  return syscall(SYS_rt_sigaction, kLibrarySignal, fresh, before, sizeof(KernelAction::mask)) == 0;
}

void on_signal(int number, siginfo_t* info, void* context) {
  (info->si_code == SI_QUEUE ? ours : glibcs.handler)(number, info, context);
}

}  // namespace

bool borrow_library_signal(SignalHandler handler) noexcept {
  if (is_borrowed) return true;
  constexpr uint64_t kHasRestorer = 0x04000000;
  if (!exchange(nullptr, &glibcs) || glibcs.handler == nullptr || (glibcs.flags & SA_SIGINFO) == 0 ||
      (glibcs.flags & kHasRestorer) == 0)
    return false;
  ours = handler;
  const KernelAction action{on_signal, glibcs.flags | SA_RESTART, glibcs.restorer, ~uint64_t{0}};
  return is_borrowed = exchange(&action, nullptr);
}

void return_library_signal() noexcept {
  if (is_borrowed) exchange(&glibcs, nullptr);
  is_borrowed = false;
}

}  // namespace reftally::runtime
