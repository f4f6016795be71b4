#include "analyzer/cli/memory_limit.h"

#include <sys/resource.h>

#include <algorithm>

#include "analyzer/base/memory_room.h"

namespace reftally {

uint64_t limit_memory(uint64_t bytes) {
  rlimit data{}, space{};
  if (getrlimit(RLIMIT_DATA, &data) != 0 || getrlimit(RLIMIT_AS, &space) != 0) return kNoLimit;
  // What stands already, from an earlier call or by the user's own limit, is kept.
  if (data.rlim_cur == RLIM_INFINITY) {
    data.rlim_cur = std::min<rlim_t>(bytes != 0 ? bytes : memory_room(), data.rlim_max);
    if (data.rlim_cur != RLIM_INFINITY) setrlimit(RLIMIT_DATA, &data);
  }
  return std::min<uint64_t>(data.rlim_cur, space.rlim_cur);
}

}  // namespace reftally
