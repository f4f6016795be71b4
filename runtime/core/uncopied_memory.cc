#include "runtime/core/uncopied_memory.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstring>

#include "runtime/core/memory_map.h"
#include "runtime/core/present_pages.h"
#include "runtime/core/system.h"

namespace reftally::runtime {
namespace {

constexpr uint64_t kMostBytes = 1u << 28;  // what the program has registered with a device may be all its memory

MemoryMap here, there;
std::atomic<uint32_t> is_fetched{0};  // in a child's copy of it; the program's own stays 0
const char* trouble = nullptr;

bool is_of_interest(const Mapping& mapping) noexcept {
  constexpr uint32_t kAll = dump::kMapRead | dump::kMapWrite | dump::kMapShared;
  return (mapping.flags & kAll) == (dump::kMapRead | dump::kMapWrite) && mapping.path[0] != '/' &&
         strncmp(mapping.path, "[v", 2) != 0;
}

bool is_here(const Mapping& mapping) noexcept {
  const Mapping* found = here.find_or_next(mapping.begin);
  return found != nullptr && found->begin < mapping.end;
}

ssize_t read_memory(int process, void* to, const void* from, size_t size) noexcept {
  iovec local{to, size}, remote{const_cast<void*>(from), size};
  return process_vm_readv(process, &local, 1, &remote, 1, 0);
}

void pause_for(long nanoseconds) noexcept {
  const timespec pause{0, nanoseconds};
  nanosleep(&pause, nullptr);
}

// The program may still have to say that it lets us.
void wait_for_leave(int process) noexcept {
  constexpr int kTries = 100;
  uint32_t word;
  for (int i = 0; i < kTries && read_memory(process, &word, &is_fetched, sizeof word) < 0 && errno == EPERM; i++)
    pause_for(1'000'000);
}

bool fetch(int process, uint64_t begin, uint64_t end) noexcept {
  void* const to = reinterpret_cast<void*>(begin);
  if (mmap(to, end - begin, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE,
           -1, 0) != to)
    return false;
  if (read_memory(process, to, to, end - begin) == static_cast<ssize_t>(end - begin)) return true;
  munmap(to, end - begin);
  return false;
}

}  // namespace

bool prepare_uncopied_memory() noexcept {
  static const bool prepared = here.create() && there.create();
  return prepared;
}

static void fetch_all(uint32_t process) noexcept {
  trouble = nullptr;
  if (!here.read() || !there.read(process)) return;
  uint64_t bytes = 0;
  bool may_fetch = false;
  for (uint32_t i = 0; i < there.count(); i++) {
    const Mapping& mapping = there[i];
    if (!is_of_interest(mapping) || is_here(mapping)) continue;
    if (!may_fetch) wait_for_leave(static_cast<int>(process));
    may_fetch = true;
    bytes += mapping.end - mapping.begin;
    if (bytes > kMostBytes || !fetch(static_cast<int>(process), mapping.begin, mapping.end))
      trouble =
          "memory that the program keeps from its children (MADV_DONTFORK) is not known: what only it holds looks "
          "leaked";
  }
}

void fetch_uncopied_memory(uint32_t process) noexcept {
  fetch_all(process);
  is_fetched.store(1, std::memory_order_release);
}

void let_fetch(long child) noexcept {
  constexpr int kTries = 20'000;
  syscall(SYS_prctl, PR_SET_PTRACER, child, 0, 0, 0);
  uint32_t word = 0;
  for (int i = 0; i < kTries && word == 0; i++) {
    if (read_memory(static_cast<int>(child), &word, &is_fetched, sizeof word) < 0) return;
    if (word == 0) pause_for(100'000);
  }
}

const char* uncopied_memory_trouble() noexcept { return trouble; }

}  // namespace reftally::runtime
