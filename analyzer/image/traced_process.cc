#include "analyzer/image/traced_process.h"

#include <elf.h>
#include <fmt/format.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "analyzer/base/error.h"
#include "runtime/core/restartable_calls.h"

namespace reftally {

namespace {

bool read_registers(int thread, user_regs_struct& registers) {
  iovec place{&registers, sizeof registers};
  return ptrace(PTRACE_GETREGSET, thread, reinterpret_cast<void*>(NT_PRSTATUS), &place) == 0;
}

// What /proc says of a process or thread: a line of its status, without the name before it.
std::string status_of(uint32_t pid, std::string_view field) {
  std::ifstream status(fmt::format("/proc/{}/status", pid));
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(field)) return line.substr(std::min(line.find_first_not_of(" \t", field.size()), line.size()));
  return {};
}

// A caught signal ends a call as it would without us; one that is not caught is taken from the queue only because we
// trace.
bool is_caught(int thread, int signal) {
  const uint64_t caught = std::strtoull(status_of(static_cast<uint32_t>(thread), "SigCgt:").c_str(), nullptr, 16);
  return signal != 0 && (caught >> (signal - 1) & 1) != 0;
}

// epoll_wait and its kind fail with EINTR when their thread is stopped, for which few programs are written.
void make_call_again(int thread) {
  constexpr unsigned kSyscallSize = 2;  // of the instruction
  user_regs_struct registers{};
  if (!read_registers(thread, registers)) return;
  const auto number = static_cast<long>(registers.orig_rax), result = static_cast<long>(registers.rax);
  if (number < 0 || result != -EINTR || !runtime::may_be_made_again(number)) return;
  registers.rax = registers.orig_rax;
  registers.orig_rax = ~0ull;  // no call of which the kernel would look at the result
  registers.rip -= kSyscallSize;
  iovec place{&registers, sizeof registers};
  ptrace(PTRACE_SETREGSET, thread, reinterpret_cast<void*>(NT_PRSTATUS), &place);
}

// The kernel has one answer for all of these.
std::string why_not_permitted(uint32_t pid) {
  if (pid == static_cast<uint32_t>(getpid())) return "it is this command itself";
  if (status_of(pid, "State:").starts_with('Z')) return "it has ended, and waits for its parent to ask how (a zombie)";
  if (const int tracer = std::atoi(status_of(pid, "TracerPid:").c_str()); tracer != 0)
    return fmt::format("process {} ({}) traces it already", tracer, status_of(static_cast<uint32_t>(tracer), "Name:"));
  if (status_of(pid, "VmSize:").empty()) return "it is a thread of the kernel";
  const int user = std::atoi(status_of(pid, "Uid:").c_str());
  if (geteuid() != 0 && geteuid() != static_cast<uid_t>(user))
    return fmt::format("not permitted: it is user {}'s; ask as that user, or as root", user);
  return "not permitted: CAP_SYS_PTRACE is missing, or /proc/sys/kernel/yama/ptrace_scope forbids it (root may)";
}

}  // namespace

TracedProcess::TracedProcess(uint32_t pid) : pid_(pid) {
  // A thread may start another until it stands still itself: until a look finds none that is new.
  try {
    while (stop_new_threads()) {
    }
    if (stopped_.empty()) fail(ESRCH);
  } catch (...) {
    let_go();
    throw;
  }
}

TracedProcess::~TracedProcess() { let_go(); }

void TracedProcess::let_go() const {
  for (const auto& [thread, signal] : stopped_) {
    if (!is_caught(thread, signal)) make_call_again(thread);
    ptrace(PTRACE_DETACH, thread, nullptr, static_cast<intptr_t>(signal));
  }
}

void TracedProcess::fail(int error) const {
  const std::string why = error == EPERM   ? why_not_permitted(pid_)
                          : error == ESRCH ? "no such process"
                                           : strerror(error);
  throw Error(fmt::format("process {}: cannot be stopped: {}", pid_, why));
}

bool TracedProcess::stop_new_threads() {
  std::error_code unreadable;
  std::vector<int> found;
  for (const auto& entry : std::filesystem::directory_iterator(fmt::format("/proc/{}/task", pid_), unreadable))
    found.push_back(std::atoi(entry.path().filename().c_str()));
  if (unreadable) fail(ESRCH);
  std::sort(found.begin(), found.end());
  bool is_new = false;
  for (int thread : found)
    if (std::none_of(stopped_.begin(), stopped_.end(), [&](const StoppedThread& known) { return known.id == thread; }))
      is_new |= stop(thread);
  return is_new;
}

// False for a thread that has ended meanwhile.
bool TracedProcess::stop(int thread) {
  if (ptrace(PTRACE_SEIZE, thread, nullptr, nullptr) != 0) {
    if (errno == ESRCH && thread != static_cast<int>(pid_)) return false;
    fail(errno);
  }
  if (ptrace(PTRACE_INTERRUPT, thread, nullptr, nullptr) != 0) return false;
  int status = 0;
  while (waitpid(thread, &status, __WALL) < 0)
    if (errno != EINTR) return false;
  if (!WIFSTOPPED(status)) return false;
  // Its first stop is the one asked for, or the delivery of a signal, which then waits for PTRACE_DETACH to name it.
  stopped_.push_back({thread, status >> 16 == PTRACE_EVENT_STOP ? 0 : WSTOPSIG(status)});
  return true;
}

std::vector<prstatus_t> TracedProcess::threads() const {
  std::vector<prstatus_t> threads;
  for (const auto& [thread, signal] : stopped_) {
    user_regs_struct registers{};
    if (!read_registers(thread, registers)) continue;
    prstatus_t status{};
    status.pr_pid = thread;
    std::memcpy(&status.pr_reg, &registers, sizeof registers);
    threads.push_back(status);
  }
  std::stable_partition(threads.begin(), threads.end(),
                        [&](const prstatus_t& thread) { return thread.pr_pid == static_cast<int>(pid_); });
  return threads;
}

}  // namespace reftally
