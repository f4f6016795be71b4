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

// Where a handler is missing, this one is ignored and ends nobody. The same reasons made Go choose it (proposal 24543,
// "Choosing a signal").
constexpr int kTimerSignal = SIGURG;

std::atomic<bool> asked{false};
uint32_t kept[kMostTimed], kept_count = 0;  // dumps, by number; one snapshot at a time changes them
int timer = 0;                              // the kernel's number: timer_create(3) of older C libraries asks malloc
std::atomic<uint64_t> interval_ms{0};       // 0: there is no timer, or no longer
std::atomic<bool> has_signal{false};
bool was_taken = false;              // by the program, which keeps it, and so do its children
struct sigaction programs_action{};  // what the program has for the signal, as far as it knows

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

bool is_ours(const struct sigaction& action) noexcept {
  return (action.sa_flags & SA_SIGINFO) != 0 && action.sa_sigaction == on_timer;
}

bool take_signal() noexcept {
  if (has_signal) return true;  // of the parent, by fork
  if (sigaction(kTimerSignal, nullptr, &programs_action) != 0 || (programs_action.sa_flags & SA_SIGINFO) != 0 ||
      (programs_action.sa_handler != SIG_DFL && programs_action.sa_handler != SIG_IGN))
    return false;
  struct sigaction ours{};
  ours.sa_sigaction = on_timer;
  ours.sa_flags = SA_RESTART | SA_SIGINFO;
  sigfillset(&ours.sa_mask);
  has_signal = sigaction(kTimerSignal, &ours, nullptr) == 0;
  return has_signal;
}

// False: the program has it by now. One that a thread blocks is still to come: whoever ignores a signal loses it.
bool give_signal_back() noexcept {
  if (!has_signal.exchange(false)) return true;
  struct sigaction current{}, ignored{};
  if (sigaction(kTimerSignal, nullptr, &current) != 0 || !is_ours(current)) return false;
  ignored.sa_handler = SIG_IGN;
  sigaction(kTimerSignal, &ignored, nullptr);
  sigaction(kTimerSignal, &programs_action, nullptr);
  return true;
}

bool end_timer() noexcept {
  if (interval_ms.exchange(0) == 0) return false;
  syscall(SYS_timer_delete, timer);
  return true;
}

void say_it_is_taken() noexcept { say("no more snapshots at intervals: the program takes SIGURG, their signal"); }

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
  if (was_taken) return void(interval_ms = 0);
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
  if (end_timer() && !give_signal_back()) say_it_is_taken();
}

bool is_timer_signal(int number) noexcept {
  return number == kTimerSignal && has_signal && !recorder.restricted && recorder.process.load() == current_process();
}

struct sigaction& programs_timer_action() noexcept { return programs_action; }

void let_program_take_timer_signal() noexcept {
  const int saved = errno;
  was_taken = true;
  const bool was_on = end_timer();
  give_signal_back();
  if (was_on) say_it_is_taken();
  errno = saved;
}

void asked_by_user() noexcept { asked.store(false); }

void timed_snapshot_taken(uint32_t sequence) noexcept {
  if (sequence == 0 || !asked.exchange(false)) return;
  kept[kept_count++] = sequence;
  if (kept_count == kMostTimed) thin();
}

}  // namespace reftally::runtime
