#include "runtime/preload/process.h"

#include <dlfcn.h>
#include <errno.h>
#include <gnu/libc-version.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "runtime/core/birth_stacks.h"
#include "runtime/core/declarations.h"
#include "runtime/core/recorder.h"
#include "runtime/core/reentry_guard.h"
#include "runtime/core/snapshot.h"
#include "runtime/core/snapshot_timer.h"
#include "runtime/core/system.h"
#include "runtime/core/thread_state.h"
#include "runtime/core/told_objects.h"
#include "runtime/core/uncopied_memory.h"
#include "runtime/core/unwinder.h"
#include "runtime/events/live_references.h"
#include "runtime/preload/real_functions.h"
#include "runtime/preload/symbols.h"

namespace reftally::runtime {

bool started = false;

static std::atomic<bool> snapshot_at_exit_taken{false};

namespace {

// glibc never starts two blocks less than 32 bytes apart; of another allocator we know nothing. It may well have all
// names of glibc's own, __libc_malloc too.
uint32_t block_spacing() noexcept {
  Dl_info here{}, libc{};
  dladdr(reinterpret_cast<void*>(real().malloc), &here);
  dladdr(reinterpret_cast<void*>(&gnu_get_libc_version), &libc);
  return here.dli_fbase == libc.dli_fbase ? LiveTable::kGlibcSpacing : 8;
}

void after_fork_in_child() {
  unlock_live_references();
  if (recorder.restricted) return;
  recorder.process.store(current_process(), std::memory_order_relaxed);
  recorder.snapshots.store(0, std::memory_order_relaxed);
  recorder.start_time_ns = real_time_ns();
  recorder.fork_birth = birth_now();
  snapshot_at_exit_taken.store(false);
  forget_snapshots();
  start_snapshot_timer();
}

void on_snapshot_signal(int number, siginfo_t*, void* context) {
  int saved = errno;
  asked_by_user();
  take_snapshot_in_handler(context, ends_programs(number) ? number : 0);
  errno = saved;
}

void install_snapshot_signal(int number) noexcept {
  struct sigaction current{};
  if (number == 0 || sigaction(number, nullptr, &current) != 0) return;
  if (current.sa_handler != SIG_DFL || (current.sa_flags & SA_SIGINFO) != 0) return;  // the program's own
  struct sigaction ours{};
  ours.sa_sigaction = on_snapshot_signal;
  ours.sa_flags = SA_RESTART | SA_SIGINFO;
  sigfillset(&ours.sa_mask);
  sigaction(number, &ours, nullptr);
}

[[gnu::constructor]] void on_load() {
  ensure_started();
  if (!recording()) return;
  pthread_atfork(nullptr, nullptr, after_fork_in_child);
  watch_thread_exits();
  recorder.other_malloc = other_definition("malloc");  // an executable that has one comes before us
  prepare_snapshots();
  install_snapshot_signal(recorder.options.signal);
  start_snapshot_timer();
}

// The last chance, for ends that come from inside the C library: err(3), or main gone by pthread_exit. Statics are
// destroyed by now, but their words are still there, so what they held is not taken for leaked.
[[gnu::destructor]] void on_unload() {
  snapshot_at_exit(dump::SnapshotReason::kExitCalled, calling_state(caller_registers()));
}

}  // namespace

void start_once() noexcept {
  if (environ == nullptr || inside_agent) return;  // the C library is not there yet
  ReentryGuard guard;
  const int saved = errno;
  started = true;
  start_recording(block_spacing());
  errno = saved;
}

void snapshot_at_exit(dump::SnapshotReason reason, const ProgramState& here) noexcept {
  if (!recording() || recorder.restricted) return;
  if (recorder.process.load(std::memory_order_relaxed) != current_process()) return;  // vfork child
  if (snapshot_at_exit_taken.exchange(true)) return;
  stop_snapshot_timer();
  if (recorder.options.at_exit) take_snapshot(reason, true, here);
  wait_for_dumps();
}

}  // namespace reftally::runtime

using namespace reftally::runtime;
using reftally::dump::SnapshotReason;

#define HOOK extern "C" [[gnu::visibility("default"), gnu::noinline]]

// NAME as the program sees it, and the body of what it does, which knows where the program stood (`caller`).
#define HOOK_WITH_STATE(name, ...)                                          \
  REFTALLY_ENTRY_WITH_CALL_STATE(".protected", name, reftally_hook_##name); \
  extern "C" [[gnu::used, gnu::visibility("hidden")]] uint64_t reftally_hook_##name(__VA_ARGS__)

#define HOOK_EXIT(name)                                                       \
  HOOK_WITH_STATE(name, uint64_t status, uint64_t, const CallState* caller) { \
    snapshot_at_exit(SnapshotReason::kExitCalled, calling_state(*caller));    \
    real().name(static_cast<int>(status));                                    \
    __builtin_unreachable();                                                  \
  }
HOOK_EXIT(exit)
HOOK_EXIT(_exit)
HOOK_EXIT(_Exit)
HOOK_EXIT(quick_exit)

HOOK int dlclose(void* handle) {
  int result = real().dlclose(handle);
  forget_unwind_rules();
  forget_last_stacks();
  return result;
}

// The tables reserve more than is ever touched; MCL_ONFAULT locks just that.
HOOK int mlockall(int flags) { return real().mlockall(recording() ? flags | MCL_ONFAULT : flags); }

HOOK int madvise(void* begin, size_t size, int advice) {
  if ((advice == MADV_DONTFORK || advice == MADV_WIPEONFORK) && recording() && !recorder.restricted) {
    recorder.has_uncopied_memory = prepare_uncopied_memory();
    if (advice == MADV_WIPEONFORK) note_wiped_memory(begin, size);
  }
  return real().madvise(begin, size, advice);
}

namespace {
using Main = int (*)(int, char**, char**);
Main program_main = nullptr;

// After main has returned its locals are gone and the globals still live: the moment at which a leak is a leak.
int main_then_snapshot(int argc, char** argv, char** envp) {
  int status = program_main(argc, argv, envp);
  snapshot_at_exit(SnapshotReason::kMainReturned, calling_state(caller_registers()));
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

HOOK uint64_t reftally_agent_own_memory_end(uint64_t address) { return own_memory_end(address); }

HOOK_WITH_STATE(reftally_agent_snapshot, uint64_t reason, uint64_t wait, const CallState* caller) {
  if (!recording()) return 0;
  const auto why = static_cast<SnapshotReason>(reason);
  if (why == SnapshotReason::kExitCalled) {
    snapshot_at_exit_taken.store(true);
    stop_snapshot_timer();
  }
  return take_snapshot(why, (wait & 1) != 0, calling_state(*caller));
}

HOOK_WITH_STATE(reftally_agent_dump, uint64_t, uint64_t, const CallState* caller) {
  const bool ok = recording() && take_snapshot(SnapshotReason::kApi, false, calling_state(*caller)) != 0;
  return ok ? 0 : static_cast<uint64_t>(-1);
}

HOOK void reftally_agent_expect_released(const void* object, const char* reason) {
  if (recording()) expect_released(object, reason, caller_registers());
}

HOOK void reftally_agent_object(const void* object, const reftally_type* type) {
  if (recording()) tell_object(object, type);
}

HOOK void reftally_agent_add_root_region(const void* begin, const void* end, const char* name) {
  if (recording()) add_root_region(begin, end, name);
}
