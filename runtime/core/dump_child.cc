#include "runtime/core/dump_child.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "runtime/core/kernel_words.h"
#include "runtime/core/recorder.h"
#include "runtime/core/system.h"
#include "runtime/core/uncopied_memory.h"

namespace reftally::runtime {
namespace {

constexpr uint32_t kMaxChildren = 8;
constexpr size_t kStackSize = 512u << 10, kGuard = 64u << 10;

struct Child {
  long pid;  // 0: free row
  DumpName name;
};
Child children[kMaxChildren];
char* stack = nullptr;  // each child has its own copy

// Runs function(argument) on another stack; for a function that does not return.
[[noreturn]] void call_on_stack(void* top, void (*function)(const void*), const void* argument) noexcept {
  asm volatile(
      "mov %0, %%rsp\n\t"
      "xor %%ebp, %%ebp\n\t"
      "call *%1\n\t"
      "ud2"
      :
      : "r"(top), "r"(function), "D"(argument)
      : "memory");
  __builtin_unreachable();
}

struct Work {
  ChildMain main;
  const void* facts;
};

[[noreturn]] void run(const void* raw) {
  const Work work = *static_cast<const Work*>(raw);
  prctl(PR_SET_NAME, "reftally-dump", 0, 0, 0);
  lift_limits();
  close_standard_files();  // where the program has no descriptor left, these two are enough
  if (recorder.has_uncopied_memory) fetch_uncopied_memory(recorder.process.load());
  read_kernel_words(recorder.process.load());
  close_program_files();
  end_child(work.main(work.facts));
}

// A child that did not end by itself leaves a temporary file, and nobody has said so yet. One that a contributor ended
// has said why.
bool judge(const Child& child, int status) noexcept {
  if (WIFEXITED(status)) {
    if (WEXITSTATUS(status) != 0) remove_unfinished(child.name);
    return WEXITSTATUS(status) == 0;
  }
  discard_dump_file(child.name, "the process that wrote it was killed by signal ",
                    WIFSIGNALED(status) ? static_cast<uint64_t>(WTERMSIG(status)) : 0);
  return false;
}

// Whether the child has ended (or is none of ours any more); `ok` then says how.
bool collect(Child& child, bool& ok) noexcept {
  int status = 0;
  long result = 0;
  do result = syscall(SYS_wait4, child.pid, &status, __WCLONE | WNOHANG, nullptr);
  while (result < 0 && errno == EINTR);
  if (result == 0) return false;
  ok = result == child.pid && judge(child, status);
  child.pid = 0;
  return true;
}

bool wait_for(Child& child) noexcept {
  int status = 0;
  const bool ok = wait_for_end(child.pid, status) && judge(child, status);
  child.pid = 0;
  return ok;
}

}  // namespace

bool prepare_dump_children() noexcept {
  stack = static_cast<char*>(map_memory(kGuard + kStackSize));
  if (stack == nullptr) return false;
  mprotect(stack, kGuard, PROT_NONE);  // a visitor of the program's may need more
  stack += kGuard;
  return true;
}

bool collect_dump_children() noexcept {
  bool room = false, ok = false;
  for (Child& child : children) room |= child.pid == 0 || collect(child, ok);
  return room;
}

bool start_dump_child(ChildMain main, const void* facts, const DumpName& name) noexcept {
  const Work work{main, facts};
  const long pid = clone_process();
  if (pid == 0) call_on_stack(stack + kStackSize, run, &work);
  if (pid < 0) return false;
  if (recorder.has_uncopied_memory) let_fetch(pid);
  for (Child& child : children) {
    if (child.pid != 0) continue;
    child = {pid, name};
    break;
  }
  return true;
}

bool wait_for_dump_child(const DumpName& name) noexcept {
  for (Child& child : children)
    if (child.pid != 0 && child.name.sequence == name.sequence) return wait_for(child);
  return false;
}

void wait_for_all_dump_children() noexcept {
  for (Child& child : children)
    if (child.pid != 0) wait_for(child);
}

void forget_dump_children() noexcept {
  for (Child& child : children) child.pid = 0;
}

}  // namespace reftally::runtime
