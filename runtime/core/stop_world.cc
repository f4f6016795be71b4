#include "runtime/core/stop_world.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstring>

#include "runtime/core/library_signal.h"
#include "runtime/core/reentry_guard.h"
#include "runtime/core/syscall_restart.h"
#include "runtime/core/system.h"

namespace reftally::runtime {
namespace {

constexpr uint32_t kMaxThreads = 16384;
constexpr uint64_t kMillisecond = 1'000'000;
constexpr uint64_t kPatience = 50 * kMillisecond;        // before asking whether a thread can answer at all
constexpr uint64_t kStopTimeout = 2'000 * kMillisecond;  // in all
constexpr uint32_t kAttempts = 40, kAttemptsForBlocked = 3;

struct Row {
  uint32_t tid;
  bool expected;  // was signalled, and is not given up
  std::atomic<bool> arrived;
  bool block_in_transit;
  ProgramState state;
};
Row* rows = nullptr;
uint32_t* stopped_rows = nullptr;
std::atomic<uint32_t> arrivals{0};
std::atomic<uint32_t> turn{0};  // odd while the world is stopped; threads wait for it to change
int stop_signal = 0;            // 0: none chosen yet

void futex_wait(std::atomic<uint32_t>& word, uint32_t seen, const timespec* timeout) noexcept {
  syscall(SYS_futex, &word, FUTEX_WAIT, seen, timeout, nullptr, 0);
}
void futex_wake_all(std::atomic<uint32_t>& word) noexcept {
  syscall(SYS_futex, &word, FUTEX_WAKE, 0x7fffffff, nullptr, nullptr, 0);
}

// The signal carries (turn, row), so that one that comes late is known.
void* label(uint32_t now, uint32_t row) noexcept { return reinterpret_cast<void*>(uint64_t{now} << 32 | row); }

void on_stop(int, siginfo_t* info, void* context) {
  const auto value = reinterpret_cast<uint64_t>(info->si_value.sival_ptr);
  const uint32_t now = turn.load(std::memory_order_acquire);
  if (info->si_code != SI_QUEUE || now % 2 == 0 || value >> 32 != now) return;  // not ours, or too late
  int saved = errno;
  Row& row = rows[value & 0xffffffff];
  row.block_in_transit = block_in_transit;
  row.state = interrupted_state(context);
  row.arrived.store(true, std::memory_order_release);
  arrivals.fetch_add(1, std::memory_order_release);
  futex_wake_all(arrivals);
  while (turn.load(std::memory_order_acquire) == now) futex_wait(turn, now, nullptr);
  restart_interrupted_call(context);
  errno = saved;
}

bool is_installed(int number) noexcept {
  struct sigaction current{};
  return number != 0 && sigaction(number, nullptr, &current) == 0 && (current.sa_flags & SA_SIGINFO) != 0 &&
         current.sa_sigaction == on_stop;
}

// The highest real-time signal that the program leaves alone: signals of lower number are delivered first, so none of
// the program's can come between an interrupted call and our handler. Once installed it stays, for signals that come
// late.
bool install_handler() noexcept {
  if (is_installed(stop_signal)) return true;
  for (int number = SIGRTMAX; number >= SIGRTMIN; number--) {
    struct sigaction current{};
    if (sigaction(number, nullptr, &current) != 0 || (current.sa_flags & SA_SIGINFO) != 0 ||
        current.sa_handler != SIG_DFL)
      continue;
    struct sigaction ours{};
    ours.sa_sigaction = on_stop;
    ours.sa_flags = SA_SIGINFO | SA_RESTART;
    sigfillset(&ours.sa_mask);
    if (sigaction(number, &ours, nullptr) != 0) continue;
    stop_signal = number;
    return true;
  }
  return false;
}

int64_t read_task_file(uint32_t tid, const char* name, char* text, size_t capacity) noexcept {
  char path[64];
  Text(path, sizeof path).add("/proc/self/task/").add(tid).add("/").add(name);
  int64_t size = read_file(path, text, capacity - 1);
  text[size > 0 ? size : 0] = '\0';
  return size;
}

char task_text[4096];  // one snapshot at a time

bool is_in(uint64_t set, int signal) noexcept { return (set >> (signal - 1) & 1) != 0; }

bool blocks(uint32_t tid, int signal) noexcept {
  if (read_task_file(tid, "status", task_text, sizeof task_text) <= 0) return false;  // it has just ended
  const char* line = strstr(task_text, "SigBlk:\t");
  if (line == nullptr) return true;
  line += strlen("SigBlk:\t");
  return is_in(parse_hex(line), signal);
}

uint64_t own_word(uint64_t address) noexcept {
  uint64_t word = 0;
  iovec to{&word, sizeof word}, from{reinterpret_cast<void*>(address), sizeof word};
  return process_vm_readv(static_cast<pid_t>(current_process()), &to, 1, &from, 1, 0) == sizeof word ? word : 0;
}

// In sigwait() or one of its kind for a set with our signal, as daemons do with all of them: the call would return our
// signal to the program. SigBlk does not tell: the kernel lifts the block for as long as the thread waits.
bool waits_for(uint32_t tid, int signal) noexcept {
  if (read_task_file(tid, "syscall", task_text, sizeof task_text) <= 0) return false;
  const char* text = task_text;
  if (parse_decimal(text) != SYS_rt_sigtimedwait || strncmp(text, " 0x", 3) != 0) return false;
  text += 3;
  return is_in(own_word(parse_hex(text)), signal);
}

bool takes(uint32_t tid, int signal) noexcept { return !waits_for(tid, signal) && !blocks(tid, signal); }

// A signal that stops this thread; 0: there is none.
int signal_for(uint32_t tid) noexcept {
  if (install_handler() && takes(tid, stop_signal)) return stop_signal;
  return takes(tid, kLibrarySignal) && borrow_library_signal(on_stop) ? kLibrarySignal : 0;
}

// The kernel's own, beside the program's, as io_uring has them: without a stack or registers of the program.
bool is_worker_of_kernel(const char* after_state) noexcept {
  constexpr uint64_t kIoWorker = 0x10;       // PF_IO_WORKER of linux/sched.h
  for (int field = 0; field < 5; field++) {  // parent, group, session, terminal, its group
    while (*after_state == ' ') after_state++;
    while (*after_state != ' ' && *after_state != '\0') after_state++;
  }
  while (*after_state == ' ') after_state++;
  return (parse_decimal(after_state) & kIoWorker) != 0;
}

// The text of a thread's /proc/…/stat from its state on; empty where there is no such thread any more.
const char* state_of(uint32_t tid) noexcept {
  if (read_task_file(tid, "stat", task_text, sizeof task_text) <= 0) return "";
  const char* after_name = strrchr(task_text, ')');
  return after_name == nullptr || after_name[1] == '\0' ? "" : after_name + 2;
}

// Gone (an empty text ends as the set does), or what is left of a main thread that called pthread_exit: it stays in
// the list and takes signals that nobody gets.
bool has_ended(uint32_t tid) noexcept { return strchr("ZX", *state_of(tid)) != nullptr; }

// Ended, or in a wait that no signal ends (a parent in vfork, a dead network file system): it touches no memory.
bool cannot_answer(uint32_t tid) noexcept {
  const char* state = state_of(tid);
  return strchr("DZX", *state) != nullptr || is_worker_of_kernel(state + 1);
}

template <class Visit>
void for_each_other_thread(Visit visit) noexcept {
  int fd = open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  struct Entry {
    uint64_t inode;
    int64_t offset;
    uint16_t length;
    uint8_t type;
    char name[1];
  };
  alignas(8) static char buffer[32768];
  const uint32_t self = current_thread();
  for (;;) {
    long size = syscall(SYS_getdents64, fd, buffer, sizeof buffer);
    if (size <= 0) break;
    for (long at = 0; at < size;) {
      auto* entry = reinterpret_cast<const Entry*>(buffer + at);
      at += entry->length;
      const char* name = entry->name;
      auto tid = static_cast<uint32_t>(parse_decimal(name));
      if (tid != 0 && tid != self) visit(tid);
    }
  }
  close(fd);
}

bool send_stop(uint32_t tid, uint32_t row, int signal) noexcept {
  siginfo_t info{};
  info.si_signo = signal;
  info.si_code = SI_QUEUE;
  info.si_pid = static_cast<pid_t>(current_process());
  info.si_uid = getuid();
  info.si_value.sival_ptr = label(turn.load(std::memory_order_relaxed), row);
  return syscall(SYS_rt_tgsigqueueinfo, info.si_pid, tid, signal, &info) == 0;
}

}  // namespace

bool StoppedWorld::prepare() noexcept {
  rows = static_cast<Row*>(map_memory(kMaxThreads * sizeof(Row)));
  stopped_rows = static_cast<uint32_t*>(map_memory(kMaxThreads * sizeof(uint32_t)));
  return rows != nullptr && stopped_rows != nullptr;
}

void StoppedWorld::signal_new_threads() noexcept {
  for_each_other_thread([this](uint32_t tid) {
    for (uint32_t i = 0; i < signalled_; i++)
      if (rows[i].tid == tid) return;
    if (tid == current_process() && has_ended(tid)) return;
    if (signalled_ == kMaxThreads) {
      too_many_ = true;
      return;
    }
    Row& row = rows[signalled_];
    row.tid = tid;
    row.arrived.store(false, std::memory_order_relaxed);
    row.block_in_transit = false;
    const int signal = signal_for(tid);
    row.expected = signal != 0 && send_stop(tid, signalled_, signal);
    signalled_++;
    if (!row.expected && !cannot_answer(tid)) not_stopped_++;
  });
}

void StoppedWorld::wait_for_signalled() noexcept {
  const uint64_t begin = monotonic_ns();
  for (;;) {
    const uint32_t seen = arrivals.load(std::memory_order_acquire);
    const uint64_t waited = monotonic_ns() - begin;
    uint32_t missing = 0;
    for (uint32_t i = 0; i < signalled_; i++) {
      if (!rows[i].expected || rows[i].arrived.load(std::memory_order_acquire)) continue;
      if (waited > kPatience && has_ended(rows[i].tid)) {
        rows[i].expected = false;
      } else if (waited > kStopTimeout || (waited > kPatience && cannot_answer(rows[i].tid))) {
        rows[i].expected = false;
        not_stopped_++;
        timed_out_ = true;
      } else {
        missing++;
      }
    }
    if (missing == 0) return;
    const timespec timeout{0, static_cast<long>(kPatience / 10)};
    futex_wait(arrivals, seen, &timeout);
  }
}

void StoppedWorld::stop_once() noexcept {
  signalled_ = stopped_ = not_stopped_ = 0;
  too_many_ = false;
  timed_out_ = false;
  turn.fetch_add(1);
  // A thread that still runs may start another: until a look at the list finds no new one.
  for (uint32_t known = ~0u; known != signalled_;) {
    known = signalled_;
    signal_new_threads();
    wait_for_signalled();
  }
  for (uint32_t i = 0; i < signalled_; i++)
    if (rows[i].arrived.load(std::memory_order_acquire)) stopped_rows[stopped_++] = i;
}

// Once more while a block is in transit, and a few times when a thread blocks the signal: glibc does for moments. A
// thread that did not answer in time would not the next time either, and the program waits.
void StoppedWorld::stop() noexcept {
  for (uint32_t attempt = 0;; attempt++) {
    stop_once();
    bool in_transit = false;
    for (uint32_t i = 0; i < stopped_; i++) in_transit |= rows[stopped_rows[i]].block_in_transit;
    const uint32_t attempts = in_transit ? kAttempts : not_stopped_ != 0 ? kAttemptsForBlocked : 0;
    if (attempt >= attempts || timed_out_) return;
    resume();
    const timespec pause{0, 50'000};
    nanosleep(&pause, nullptr);
  }
}

void StoppedWorld::resume() noexcept {
  return_library_signal();
  turn.fetch_add(1);
  futex_wake_all(turn);
}

void StoppedWorld::forget() noexcept {
  return_library_signal();
  signalled_ = stopped_ = not_stopped_ = 0;
  too_many_ = false;
  if (turn.load() % 2 != 0) turn.fetch_add(1);
}

const ProgramState& StoppedWorld::operator[](uint32_t i) const noexcept { return rows[stopped_rows[i]].state; }

}  // namespace reftally::runtime
