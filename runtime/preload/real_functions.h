// The functions behind our hooks, found once with dlsym(RTLD_NEXT), so that an allocator that was preloaded or linked
// (tcmalloc, jemalloc) goes on doing its work.
#pragma once

#include <signal.h>
#include <spawn.h>

#include <cstddef>

namespace reftally::runtime {

struct RealFunctions {
#define REFTALLY_HOOK(result, name, parameters) result(*name) parameters;
#include "runtime/preload/hooked_functions.h"
#undef REFTALLY_HOOK
};

// Never fails for the malloc family. While it looks them up, allocations are served from a small pool.
const RealFunctions& real() noexcept;

void* bootstrap_allocate(size_t size, size_t alignment) noexcept;  // zeroed
bool is_bootstrap(const void* block) noexcept;
size_t bootstrap_size(const void* block) noexcept;

}  // namespace reftally::runtime
