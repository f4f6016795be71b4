#include "runtime/core/dump_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "runtime/core/system.h"

namespace reftally::runtime {
namespace {

char unfinished[kMaxDumpPath];  // of this child; empty once it has its name, or is gone

// The same for all that one process does with a dump, while its rights are the same.
const char* folder_of(const Options& options) noexcept {
  const bool has_another = options.drop_dir[0] != '\0';
  return has_another && access(options.output_dir, W_OK | X_OK) != 0 && access(options.drop_dir, W_OK | X_OK) == 0
             ? options.drop_dir
             : options.output_dir;
}

bool compose(const DumpName& name, char (&path)[kMaxDumpPath], const char* prefix, const char* suffix) noexcept {
  Text text(path, sizeof path);
  text.add(folder_of(*name.options)).add("/").add(prefix).add(name.options->name).add(".").add(name.process);
  text.add(".").add(name.sequence).add(".tally").add(suffix);
  return !text.cut();
}

void complain(const char* what, const char* path, int error) noexcept {
  char line[kMaxPath + 400];
  Text text(line, sizeof line);
  text.add("no dump: ").add(what).add(" ").add(path).add(": ").add(strerrordesc_np(error));
  say(line);
}

}  // namespace

void remove_unfinished(const DumpName& name) noexcept {
  char temporary[kMaxDumpPath];
  if (compose(name, temporary, ".", ".tmp")) unlink(temporary);
}

void discard_dump_file(const DumpName& name, const char* why, uint64_t number) noexcept {
  remove_unfinished(name);
  say("no dump: ", why, number);
}

bool dump_path(const DumpName& name, char (&path)[kMaxDumpPath]) noexcept { return compose(name, path, "", ""); }

bool write_dump_file(const DumpName& name, void* writer_memory, FillDump fill, const void* facts) noexcept {
  char final_path[kMaxDumpPath], temporary[kMaxDumpPath];
  if (!dump_path(name, final_path) || !compose(name, temporary, ".", ".tmp")) {
    say("no dump: the path of the output folder is too long");
    return false;
  }
  int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) {
    complain("cannot create", final_path, errno);
    return false;
  }
  memcpy(unfinished, temporary, sizeof unfinished);
  dump::Writer writer;
  writer.open(fd, writer_memory);
  fill(writer, facts);
  unfinished[0] = '\0';
  bool whole = writer.finish();
  int error = writer.error();
  if (close(fd) != 0 && whole) {
    whole = false;
    error = errno;
  }
  if (whole && rename(temporary, final_path) == 0) {
    if (name.options->verbose) say("wrote ", final_path);
    return true;
  }
  if (whole) error = errno;
  unlink(temporary);
  complain("cannot write", final_path, error);
  return false;
}

void lift_limits() noexcept {
  constexpr int kKinds[] = {RLIMIT_AS, RLIMIT_DATA, RLIMIT_CPU};
  for (int kind : kKinds) {
    rlimit limit{RLIM_INFINITY, RLIM_INFINITY};
    if (syscall(SYS_prlimit64, 0, kind, &limit, nullptr) == 0) continue;
    if (syscall(SYS_prlimit64, 0, kind, nullptr, &limit) != 0) continue;
    limit.rlim_cur = limit.rlim_max;
    syscall(SYS_prlimit64, 0, kind, &limit, nullptr);
  }
}

void end_child(bool ok) noexcept {
  if (unfinished[0] != '\0') unlink(unfinished);
  syscall(SYS_exit_group, ok ? 0 : 1);
  __builtin_unreachable();
}

void close_standard_files() noexcept {
  close(0);
  close(1);
}

void close_program_files() noexcept {
  close_standard_files();
  syscall(SYS_close_range, 3u, ~0u, 0u);
}

long clone_process() noexcept { return syscall(SYS_clone, 0, nullptr, nullptr, nullptr, nullptr); }

// The process in between shares the program's memory and page tables, so they are copied once, for the orphan, and
// never torn down. Until it ends the caller stands still.
bool clone_orphan(void (*main)(), void* stack_end) noexcept {
  auto stand_between = [](void* raw) -> int {
    const long pid = clone_process();
    if (pid == 0) reinterpret_cast<void (*)()>(raw)();
    return pid < 0 ? 1 : 0;
  };
  const long between = clone(stand_between, stack_end, CLONE_VM | CLONE_VFORK, reinterpret_cast<void*>(main));
  return between > 0 && wait_for_child(between);
}

bool wait_for_end(long child, int& status) noexcept {
  constexpr uint64_t kPatience = 600'000'000'000, kLongestPause = 4'000'000;
  const uint64_t deadline = monotonic_ns() + kPatience;
  int flags = __WCLONE | WNOHANG;
  // The child of a small program takes five milliseconds; pauses that double would wait for eight.
  for (uint64_t pause_ns = 200'000;; pause_ns += pause_ns < kLongestPause ? pause_ns / 4 : 0) {
    const long result = syscall(SYS_wait4, child, &status, flags, nullptr);
    if (result == child) return true;
    if (result < 0 && errno != EINTR) return false;
    if ((flags & WNOHANG) != 0 && monotonic_ns() > deadline) {
      say("the dump took more than ten minutes; given up");
      syscall(SYS_kill, child, SIGKILL);
      flags = __WCLONE;
    }
    const timespec pause{0, static_cast<long>(pause_ns)};
    nanosleep(&pause, nullptr);
  }
}

bool wait_for_child(long child) noexcept {
  int status = 0;
  return wait_for_end(child, status) && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace reftally::runtime
