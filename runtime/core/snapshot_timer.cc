#include "runtime/core/snapshot_timer.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <utility>

#include "runtime/core/dump_file.h"
#include "runtime/core/recorder.h"
#include "runtime/core/snapshot.h"
#include "runtime/core/syscall_restart.h"
#include "runtime/core/system.h"

namespace reftally::runtime {
namespace {

// Who gives all signals back what they did at first, as daemons do, is not ended by this one: it is ignored then. The
// same reasons made Go choose it (proposal 24543, "Choosing a signal").
constexpr int kTimerSignal = SIGURG;

std::atomic<bool> asked{false};
uint32_t kept[kMostTimed], kept_count = 0;  // dumps, by number; one snapshot at a time changes them
int timer = 0;                              // the kernel's number: timer_create(3) of older C libraries asks malloc
std::atomic<uint64_t> interval_ms{0};       // 0: there is no timer, or no longer

void set_interval() noexcept {
  const uint64_t ms = interval_ms;
  const timespec time{static_cast<time_t>(ms / 1000), static_cast<long>(ms % 1000 * 1'000'000)};
  const itimerspec setting{time, time};
  syscall(SYS_timer_settime, timer, 0, &setting, nullptr);
}

void on_timer(int, siginfo_t*, void* context) {
  const int saved = errno;
  if (interval_ms != 0) {
    asked.store(true, std::memory_order_relaxed);
    take_snapshot_in_handler(context, 0);
  }
  restart_interrupted_call(context);
  errno = saved;
}

bool take_signal() noexcept {
  struct sigaction current{};
  if (sigaction(kTimerSignal, nullptr, &current) != 0) return false;
  if ((current.sa_flags & SA_SIGINFO) != 0) return current.sa_sigaction == on_timer;  // of the parent, by fork
  if (current.sa_handler != SIG_DFL && current.sa_handler != SIG_IGN) return false;   // the program's own
  struct sigaction ours{};
  ours.sa_sigaction = on_timer;
  ours.sa_flags = SA_RESTART | SA_SIGINFO;
  sigfillset(&ours.sa_mask);
  return sigaction(kTimerSignal, &ours, nullptr) == 0;
}

void remove_dump(uint32_t sequence) noexcept {
  char path[kMaxDumpPath];
  if (dump_path({&recorder.options, recorder.process.load(), sequence}, path)) unlink(path);
}

void thin() noexcept {
  for (uint32_t i = 0; i < kMostTimed; i++) i % 2 == 0 ? void(kept[i / 2] = kept[i]) : remove_dump(kept[i]);
  kept_count = (kMostTimed + 1) / 2;
  uint64_t ms = interval_ms;
  if (ms != 0 && interval_ms.compare_exchange_strong(ms, 2 * ms)) set_interval();
}

}  // namespace

void start_snapshot_timer() noexcept {
  interval_ms = recorder.options.every_ms;
  kept_count = 0;
  asked.store(false);
  if (interval_ms == 0) return;
  struct sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = kTimerSignal;
  if (take_signal() && syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer) == 0) return set_interval();
  interval_ms = 0;
  static bool said = false;
  if (!std::exchange(said, true))
    say("no snapshots at intervals: the program has a handler for SIGURG, or may have no timer");
}

void stop_snapshot_timer() noexcept {
  if (interval_ms.exchange(0) != 0) set_interval();
}

void asked_by_user() noexcept { asked.store(false); }

void timed_snapshot_taken(uint32_t sequence) noexcept {
  if (sequence == 0 || !asked.exchange(false)) return;
  kept[kept_count++] = sequence;
  if (kept_count == kMostTimed) thin();
}

}  // namespace reftally::runtime
