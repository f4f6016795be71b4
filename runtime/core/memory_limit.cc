#include "runtime/core/memory_limit.h"

#include <sys/resource.h>

#include "runtime/core/system.h"

namespace reftally::runtime {
namespace {

uint64_t soft_limit(__rlimit_resource_t kind) noexcept {
  rlimit limit{};
  return getrlimit(kind, &limit) == 0 ? limit.rlim_cur : RLIM_INFINITY;
}

uint64_t memory_limit() noexcept {
  const uint64_t space = soft_limit(RLIMIT_AS), data = soft_limit(RLIMIT_DATA);
  return space < data ? space : data;
}

}  // namespace

bool memory_is_scarce() noexcept {
  constexpr uint64_t kLeast = 1u << 30;
  return memory_limit() < kLeast;
}

bool leaves_enough_memory(uint64_t bytes) noexcept {
  constexpr uint64_t kShare = 4;
  const uint64_t limit = memory_limit();
  return limit == RLIM_INFINITY || own_memory_size() + bytes <= limit / kShare;
}

}  // namespace reftally::runtime
