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

struct Range {
  std::atomic<uint64_t> begin, end;  // end 0: not yet there
};
constexpr uint32_t kMostWiped = 256;
Range wiped[kMostWiped];
std::atomic<uint32_t> wiped_count{0};

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

void note_wiped_memory(const void* memory, size_t size) noexcept {
  const auto begin = reinterpret_cast<uint64_t>(memory), end = page_up(begin + size);
  const uint32_t known = wiped_count.load();
  for (uint32_t i = 0; i < known && i < kMostWiped; i++)
    if (wiped[i].begin <= begin && end <= wiped[i].end) return;
  const uint32_t row = wiped_count.fetch_add(1);
  if (row >= kMostWiped) return;
  wiped[row].begin = begin;
  wiped[row].end = end;
}

// What has become other memory since is the same in the child: it loses nothing by being read once more.
static bool fetch_wiped(int process, const Mapping& mapping, uint64_t begin, uint64_t end) noexcept {
  begin = begin > mapping.begin ? begin : mapping.begin;
  end = end < mapping.end ? end : mapping.end;
  if (!is_of_interest(mapping) || begin >= end || is_own_memory(begin, end)) return true;
  if (end - begin > kMostBytes) return false;
  void* const to = reinterpret_cast<void*>(begin);
  return read_memory(process, to, to, end - begin) == static_cast<ssize_t>(end - begin);
}

static void fetch_all_wiped(int process) noexcept {
  const uint32_t count = wiped_count;
  bool all = count <= kMostWiped;
  if (count > 0) wait_for_leave(process);
  for (uint32_t i = 0; i < count && i < kMostWiped; i++)
    for (const Mapping* at = here.find_or_next(wiped[i].begin); at != nullptr && at < &here[0] + here.count(); at++) {
      if (at->begin >= wiped[i].end) break;
      all &= fetch_wiped(process, *at, wiped[i].begin, wiped[i].end);
    }
  if (!all)
    trouble =
        "memory that the program has wiped in its children (MADV_WIPEONFORK) is not known: what only it holds looks "
        "leaked";
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
  fetch_all_wiped(static_cast<int>(process));
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
