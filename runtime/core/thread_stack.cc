#include "runtime/core/thread_stack.h"

#include <sys/resource.h>

#include <cstring>

extern "C" void* __libc_stack_end;  // ld.so: where the main thread's stack began

namespace reftally::runtime {
namespace {

thread_local StackBounds cached [[gnu::tls_model("initial-exec")]];

template <class T>
T load(uint64_t address) noexcept {
  T value;
  memcpy(&value, reinterpret_cast<const void*>(address), sizeof value);
  return value;
}

// The kernel maps nothing else within 128 MB below the top of the stack, or within its limit if that is more
// (arch/x86/mm/mmap.c, mmap_base).
StackBounds main_stack() noexcept {
  constexpr uint64_t kLeast = 128u << 20, kUnlimited = 1u << 30;
  const auto top = reinterpret_cast<uint64_t>(__libc_stack_end);
  rlimit limit{};
  uint64_t size = kLeast;
  if (getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur > kLeast)
    size = limit.rlim_cur < kUnlimited ? limit.rlim_cur : kUnlimited;
  return {top - size, top};
}

}  // namespace

uint64_t current_thread_pointer() noexcept {
  uint64_t value;
  asm("mov %%fs:0x10, %0" : "=r"(value));
  return value;
}

StackBounds stack_block(uint64_t thread_pointer) noexcept {
  return stack_block_of(thread_pointer, [](uint64_t address) { return load<uint64_t>(address); });
}

bool has_ended(uint64_t thread_pointer) noexcept { return load<int32_t>(thread_pointer + kThreadIdOffset) <= 0; }

StackBounds own_stack() noexcept {
  if (cached.high != 0) return cached;
  const uint64_t pointer = current_thread_pointer();
  const StackBounds block = stack_block(pointer);
  cached = block.high != 0 ? StackBounds{block.low, pointer} : main_stack();
  return cached;
}

}  // namespace reftally::runtime
