#include "runtime/preload/real_functions.h"

#include <dlfcn.h>

#include <atomic>
#include <cstring>

namespace reftally::runtime {
namespace {

// dlsym may allocate (dlerror's buffer) before we know whom to ask. What is served here is never given back.
alignas(64) char bootstrap_pool[64u << 10];
std::atomic<size_t> bootstrap_used{0};

enum class State { kUnknown, kLooking, kKnown };
std::atomic<State> state{State::kUnknown};
RealFunctions functions{};

void* lookup(const char* name) noexcept { return dlsym(RTLD_NEXT, name); }

// Stand-ins while the real ones are being looked up.
void* early_malloc(size_t size) { return bootstrap_allocate(size, 16); }
void* early_calloc(size_t count, size_t size) { return bootstrap_allocate(count * size, 16); }
void* early_memalign(size_t alignment, size_t size) { return bootstrap_allocate(size, alignment); }
void early_free(void*) {}
void* early_realloc(void* block, size_t size) {
  void* fresh = bootstrap_allocate(size, 16);
  if (fresh != nullptr && block != nullptr && is_bootstrap(block)) {
    size_t old = bootstrap_size(block);
    memcpy(fresh, block, old < size ? old : size);
  }
  return fresh;
}

const RealFunctions early_functions = [] {
  RealFunctions early{};
  early.malloc = early_malloc;
  early.calloc = early_calloc;
  early.realloc = early_realloc;
  early.free = early_free;
  early.memalign = early_memalign;
  early.aligned_alloc = early_memalign;
  return early;
}();

}  // namespace

void* bootstrap_allocate(size_t size, size_t alignment) noexcept {
  constexpr size_t kHeader = 16;  // holds the size
  if (alignment < 16) alignment = 16;
  size_t offset = bootstrap_used.fetch_add(size + alignment + kHeader, std::memory_order_relaxed);
  if (size > sizeof bootstrap_pool || offset + size + alignment + kHeader > sizeof bootstrap_pool) return nullptr;
  auto address = reinterpret_cast<size_t>(bootstrap_pool + offset) + kHeader;
  address = (address + alignment - 1) & ~(alignment - 1);
  memcpy(reinterpret_cast<void*>(address - kHeader), &size, sizeof size);
  return reinterpret_cast<void*>(address);
}

bool is_bootstrap(const void* block) noexcept {
  auto* at = static_cast<const char*>(block);
  return at >= bootstrap_pool && at < bootstrap_pool + sizeof bootstrap_pool;
}

size_t bootstrap_size(const void* block) noexcept {
  size_t size;
  memcpy(&size, static_cast<const char*>(block) - 16, sizeof size);
  return size;
}

const RealFunctions& real() noexcept {
  if (state.load(std::memory_order_acquire) == State::kKnown) [[likely]]
    return functions;
  State expected = State::kUnknown;
  // Other threads do not exist yet: the first allocation of a process is made by the loader.
  if (!state.compare_exchange_strong(expected, State::kLooking)) return early_functions;
  RealFunctions found{};
#define REFTALLY_HOOK(result, name, parameters) found.name = reinterpret_cast<result(*) parameters>(lookup(#name));
#include "runtime/preload/hooked_functions.h"
#undef REFTALLY_HOOK
  functions = found;
  state.store(State::kKnown, std::memory_order_release);
  return functions;
}

}  // namespace reftally::runtime
