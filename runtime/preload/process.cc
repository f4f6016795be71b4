#include "runtime/preload/process.h"

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstring>

#include "runtime/core/recorder.h"
#include "runtime/core/reentry_guard.h"
#include "runtime/core/snapshot.h"
#include "runtime/core/system.h"
#include "runtime/preload/real_functions.h"

extern "C" void* __libc_malloc(size_t);

namespace reftally::runtime {

bool started = false;

namespace {

std::atomic<bool> snapshot_at_exit_taken{false};

// glibc never starts two blocks less than 32 bytes apart; of another allocator we know nothing.
uint32_t block_spacing() noexcept {
  Dl_info here{}, libc{};
  dladdr(reinterpret_cast<void*>(real().malloc), &here);
  dladdr(reinterpret_cast<void*>(&__libc_malloc), &libc);
  return here.dli_fbase == libc.dli_fbase ? 32 : 8;
}

void after_fork_in_child() {
  recorder.process.store(current_process(), std::memory_order_relaxed);
  recorder.snapshots.store(0, std::memory_order_relaxed);
  recorder.start_time_ns = real_time_ns();
  snapshot_at_exit_taken.store(false);
}

void on_snapshot_signal(int) {
  int saved = errno;
  take_snapshot(dump::SnapshotReason::kSignal);
  errno = saved;
}

void install_snapshot_signal(int number) noexcept {
  struct sigaction current{};
  if (number == 0 || sigaction(number, nullptr, &current) != 0) return;
  if (current.sa_handler != SIG_DFL || (current.sa_flags & SA_SIGINFO) != 0) return;  // the program's own
  struct sigaction ours{};
  ours.sa_handler = on_snapshot_signal;
  ours.sa_flags = SA_RESTART;
  sigfillset(&ours.sa_mask);
  sigaction(number, &ours, nullptr);
}

[[gnu::constructor]] void on_load() {
  ensure_started();
  if (!recording()) return;
  pthread_atfork(nullptr, nullptr, after_fork_in_child);
  install_snapshot_signal(recorder.options.signal);
  prepare_snapshots();
}

}  // namespace

void start_once() noexcept {
  if (environ == nullptr || inside_agent) return;  // the C library is not there yet
  ReentryGuard guard;
  started = true;
  start_recording(block_spacing());
}

void snapshot_at_exit(dump::SnapshotReason reason) noexcept {
  if (!recording() || !recorder.options.at_exit) return;
  if (recorder.process.load(std::memory_order_relaxed) != current_process()) return;  // vfork child
  if (snapshot_at_exit_taken.exchange(true)) return;
  take_snapshot(reason);
}

void mark_exit_snapshot_taken() noexcept { snapshot_at_exit_taken.store(true); }

}  // namespace reftally::runtime

using namespace reftally::runtime;
using reftally::dump::SnapshotReason;

#define HOOK extern "C" [[gnu::visibility("default"), gnu::noinline]]

HOOK [[noreturn]] void exit(int status) {
  snapshot_at_exit(SnapshotReason::kExitCalled);
  real().exit(status);
  __builtin_unreachable();
}

HOOK [[noreturn]] void _exit(int status) {
  snapshot_at_exit(SnapshotReason::kExitCalled);
  real()._exit(status);
  __builtin_unreachable();
}

HOOK [[noreturn]] void _Exit(int status) {
  snapshot_at_exit(SnapshotReason::kExitCalled);
  real()._Exit(status);
  __builtin_unreachable();
}

HOOK [[noreturn]] void quick_exit(int status) {
  snapshot_at_exit(SnapshotReason::kExitCalled);
  real().quick_exit(status);
  __builtin_unreachable();
}

HOOK int dlclose(void* handle) {
  int result = real().dlclose(handle);
  forget_unwind_rules();
  return result;
}

namespace {
using Main = int (*)(int, char**, char**);
Main program_main = nullptr;

// After main has returned its locals are gone and the globals still live: the moment at which a leak is a leak.
int main_then_snapshot(int argc, char** argv, char** envp) {
  int status = program_main(argc, argv, envp);
  snapshot_at_exit(SnapshotReason::kMainReturned);
  return status;
}
}  // namespace

HOOK int __libc_start_main(Main main, int argc, char** argv, void (*init)(), void (*fini)(), void (*rtld_fini)(),
                           void* stack_end) {
  program_main = main;
  auto* next = reinterpret_cast<int (*)(Main, int, char**, void (*)(), void (*)(), void (*)(), void*)>(
      dlsym(RTLD_NEXT, "__libc_start_main"));
  return next(main_then_snapshot, argc, argv, init, fini, rtld_fini, stack_end);
}

// ---- for the other agents in the process: runtime/core/contributor.h

HOOK void reftally_agent_set_contributor(const Contributor* contributor) { set_contributor(contributor); }

HOOK uint32_t reftally_agent_snapshot(SnapshotReason reason, bool wait) {
  if (!recording()) return 0;
  if (reason == SnapshotReason::kExitCalled) mark_exit_snapshot_taken();
  return take_snapshot(reason, wait);
}

HOOK int reftally_dump() { return recording() && take_snapshot(SnapshotReason::kApi) ? 0 : -1; }

HOOK void reftally_expect_released(const void* object, const char* reason) {
  if (recording()) expect_released(object, reason, caller_registers());
}

HOOK void reftally_add_root_region(const void* begin, const void* end, const char* name) {
  if (recording()) add_root_region(begin, end, name);
}
