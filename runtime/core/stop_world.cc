#include "runtime/core/stop_world.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include <atomic>
#include <cstring>

#include "runtime/core/system.h"

namespace reftally::runtime {
namespace {

constexpr uint32_t kMaxThreads = 16384;
constexpr uint64_t kStopTimeoutNs = 2'000'000'000;  // a thread in an uninterruptible call is left alone after this

StoppedThread* threads = nullptr;
std::atomic<uint32_t> thread_count{0};  // rows taken
std::atomic<uint32_t> arrived{0};       // rows filled
std::atomic<uint32_t> turn{0};          // odd while the world is stopped; threads wait for it to change
bool handler_installed = false;

int stop_signal() noexcept { return SIGRTMAX - 3; }

uint64_t thread_pointer() noexcept {
  uint64_t value;
  asm("mov %%fs:0x10, %0" : "=r"(value));
  return value;
}

void save_registers(const ucontext_t& context, StoppedThread& thread) noexcept {
  static constexpr int kDwarfOrder[dump::kRegisterCount] = {REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI,
                                                            REG_RBP, REG_RSP, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                                            REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP};
  for (int i = 0; i < dump::kRegisterCount; i++)
    thread.registers[i] = static_cast<uint64_t>(context.uc_mcontext.gregs[kDwarfOrder[i]]);
  thread.registers_known = true;
}

void on_stop(int, siginfo_t* info, void* context) {
  const uint32_t now = turn.load(std::memory_order_acquire);
  if (info->si_code != SI_TKILL || now % 2 == 0) return;  // not ours, or too late
  int saved = errno;
  uint32_t row = thread_count.fetch_add(1);
  if (row < kMaxThreads) {
    threads[row].tid = current_thread();
    threads[row].thread_pointer = thread_pointer();
    save_registers(*static_cast<const ucontext_t*>(context), threads[row]);
  }
  arrived.fetch_add(1, std::memory_order_release);
  while (turn.load(std::memory_order_acquire) == now) syscall(SYS_futex, &turn, FUTEX_WAIT, now, nullptr, nullptr, 0);
  errno = saved;
}

// Once installed it stays: a signal that arrives late must find a handler.
void install_handler() noexcept {
  if (handler_installed) return;
  struct sigaction action{};
  action.sa_sigaction = on_stop;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  sigfillset(&action.sa_mask);
  handler_installed = sigaction(stop_signal(), &action, nullptr) == 0;
}

bool blocks_stop_signal(uint32_t tid) noexcept {
  char path[64], status[4096];
  Text(path, sizeof path).add("/proc/self/task/").add(tid).add("/status");
  int64_t size = read_file(path, status, sizeof status - 1);
  if (size <= 0) return true;
  status[size] = '\0';
  const char* line = strstr(status, "SigBlk:\t");
  if (line == nullptr) return true;
  line += strlen("SigBlk:\t");
  return parse_hex(line) >> (stop_signal() - 1) & 1;
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

}  // namespace

bool StoppedWorld::prepare() noexcept {
  threads = static_cast<StoppedThread*>(map_memory(kMaxThreads * sizeof(StoppedThread)));
  return threads != nullptr;
}

void StoppedWorld::stop() noexcept {
  thread_count.store(0);
  arrived.store(0);
  turn.fetch_add(1);
  signalled_ = not_stopped_ = 0;
  for_each_other_thread([this](uint32_t tid) {
    install_handler();
    if (!handler_installed || blocks_stop_signal(tid) ||
        syscall(SYS_tgkill, current_process(), tid, stop_signal()) != 0) {
      not_stopped_++;
      return;
    }
    signalled_++;
  });
  const uint64_t deadline = monotonic_ns() + kStopTimeoutNs;
  while (arrived.load(std::memory_order_acquire) < signalled_ && monotonic_ns() < deadline) {
    timespec pause{0, 50'000};
    nanosleep(&pause, nullptr);
  }
  not_stopped_ += signalled_ - arrived.load();
}

void StoppedWorld::resume() noexcept {
  turn.fetch_add(1);
  syscall(SYS_futex, &turn, FUTEX_WAKE, 0x7fffffff, nullptr, nullptr, 0);
}

uint32_t StoppedWorld::count() const noexcept {
  uint32_t rows = arrived.load();
  return rows < kMaxThreads ? rows : kMaxThreads;
}

const StoppedThread& StoppedWorld::operator[](uint32_t i) const noexcept { return threads[i]; }

}  // namespace reftally::runtime
