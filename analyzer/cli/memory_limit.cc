#include "analyzer/cli/memory_limit.h"

#include <sys/resource.h>

#include <algorithm>
#include <fstream>
#include <string>

namespace reftally {

namespace {

uint64_t free_memory() {
  std::ifstream facts("/proc/meminfo");
  uint64_t kilobytes = 0, sum = 0;
  for (std::string name, unit; facts >> name >> kilobytes && std::getline(facts, unit);) {
    if (name == "MemAvailable:" || name == "SwapFree:") sum += 1024 * kilobytes;
  }
  return sum;
}

}  // namespace

void limit_memory(uint64_t bytes) {
  rlimit limit{};
  // What stands already, from an earlier call or by the user's own limit, is kept.
  if (getrlimit(RLIMIT_DATA, &limit) != 0 || limit.rlim_cur != RLIM_INFINITY) return;
  if (bytes == 0) bytes = free_memory();
  if (bytes == 0) return;
  limit.rlim_cur = std::min<rlim_t>(bytes, limit.rlim_max);
  setrlimit(RLIMIT_DATA, &limit);
}

}  // namespace reftally
