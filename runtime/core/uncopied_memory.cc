#include "runtime/core/uncopied_memory.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cstring>

#include "runtime/core/memory_map.h"
#include "runtime/core/present_pages.h"
#include "runtime/core/system.h"

namespace reftally::runtime {
namespace {

constexpr uint64_t kMostBytes = 1u << 28;  // what the program has registered with a device may be all its memory

MemoryMap here, there;
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

// The call reads whole pages up to the first that it may not.
bool fetch(int process, uint64_t begin, uint64_t end) noexcept {
  void* const to = reinterpret_cast<void*>(begin);
  if (mmap(to, end - begin, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE,
           -1, 0) != to)
    return false;
  iovec local{to, end - begin}, remote{to, end - begin};
  if (process_vm_readv(process, &local, 1, &remote, 1, 0) == static_cast<ssize_t>(end - begin)) return true;
  munmap(to, end - begin);
  return false;
}

}  // namespace

bool prepare_uncopied_memory() noexcept { return here.create() && there.create(); }

void fetch_uncopied_memory(uint32_t process) noexcept {
  trouble = nullptr;
  if (!here.read() || !there.read(process)) return;
  uint64_t bytes = 0;
  for (uint32_t i = 0; i < there.count(); i++) {
    const Mapping& mapping = there[i];
    if (!is_of_interest(mapping) || is_here(mapping)) continue;
    bytes += mapping.end - mapping.begin;
    if (bytes > kMostBytes || !fetch(static_cast<int>(process), mapping.begin, mapping.end))
      trouble =
          "memory that the program keeps from its children (MADV_DONTFORK) is not known: what only it holds looks "
          "leaked";
  }
}

void let_fetch(long child) noexcept { syscall(SYS_prctl, PR_SET_PTRACER, child, 0, 0, 0); }

const char* uncopied_memory_trouble() noexcept { return trouble; }

}  // namespace reftally::runtime
