// The malloc family. Each hook forwards, then records; a block is forgotten before it is freed, so that its address
// cannot be given out again in between.
#include <errno.h>
#include <unistd.h>

#include <cstring>

#include "runtime/core/recorder.h"
#include "runtime/core/reentry_guard.h"
#include "runtime/preload/process.h"
#include "runtime/preload/real_functions.h"

using namespace reftally::runtime;

namespace {

constexpr size_t kMaxZeroFill = 128u << 10;  // larger blocks come zeroed from mmap

// Stale words in fresh memory look like references (research/native.md H2): 199 false ones of 2,000 without this.
void zero_fill(void* block, size_t begin, size_t end) noexcept {
  if (end - begin <= kMaxZeroFill && recorder.options.zero_fill)
    memset(static_cast<char*>(block) + begin, 0, end - begin);
}

void on_new_block(void* block, size_t size, const Registers& caller) noexcept {
  if (block == nullptr || is_bootstrap(block)) return;
  ensure_started();
  if (recording()) record_block(block, size, caller);
}

void on_fresh_block(void* block, size_t size, const Registers& caller) noexcept {
  if (block == nullptr || is_bootstrap(block)) return;
  if (recording()) zero_fill(block, 0, size);
  on_new_block(block, size, caller);
}

void* reallocate(void* old, size_t size, const Registers& caller) noexcept {
  if (old == nullptr) {
    void* block = real().malloc(size);
    on_fresh_block(block, size, caller);
    return block;
  }
  LiveBlock before{};
  const bool known = recording() && recorder.live.find(reinterpret_cast<uint64_t>(old), before);
  if (known) forget_block(old);
  void* block = nullptr;
  if (is_bootstrap(old)) {
    block = real().malloc(size);
    if (block != nullptr) memcpy(block, old, bootstrap_size(old) < size ? bootstrap_size(old) : size);
  } else {
    block = real().realloc(old, size);
  }
  if (block == nullptr && size != 0) {  // failed: the old block lives on
    if (known) recorder.live.add(before.address, before.size, before.stack);
    return nullptr;
  }
  if (known && size > before.size) zero_fill(block, before.size, size);
  on_new_block(block, size, caller);
  return block;
}

}  // namespace

#define HOOK extern "C" [[gnu::visibility("default"), gnu::noinline]]

HOOK void* malloc(size_t size) {
  void* block = real().malloc(size);
  on_fresh_block(block, size, caller_registers());
  return block;
}

HOOK void free(void* block) {
  if (block == nullptr || is_bootstrap(block)) return;
  if (recording()) forget_block(block);
  real().free(block);
}

HOOK void* calloc(size_t count, size_t size) {
  void* block = real().calloc(count, size);
  on_new_block(block, count * size, caller_registers());
  return block;
}

HOOK void* realloc(void* old, size_t size) { return reallocate(old, size, caller_registers()); }

HOOK void* reallocarray(void* old, size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) {
    errno = ENOMEM;
    return nullptr;
  }
  return reallocate(old, bytes, caller_registers());
}

HOOK void* memalign(size_t alignment, size_t size) {
  void* block = real().memalign(alignment, size);
  on_fresh_block(block, size, caller_registers());
  return block;
}

HOOK void* aligned_alloc(size_t alignment, size_t size) {
  void* block = real().aligned_alloc(alignment, size);
  on_fresh_block(block, size, caller_registers());
  return block;
}

HOOK int posix_memalign(void** result, size_t alignment, size_t size) {
  int error = real().posix_memalign(result, alignment, size);
  if (error == 0) on_fresh_block(*result, size, caller_registers());
  return error;
}

HOOK void* valloc(size_t size) {
  void* block = real().valloc(size);
  on_fresh_block(block, size, caller_registers());
  return block;
}

HOOK void* pvalloc(size_t size) {
  void* block = real().pvalloc(size);
  on_fresh_block(block, size, caller_registers());
  return block;
}

// A program that asks may use all of it: the block is as large as it was told.
HOOK size_t malloc_usable_size(void* block) {
  if (block != nullptr && is_bootstrap(block)) return bootstrap_size(block);
  size_t usable = real().malloc_usable_size(block);
  LiveBlock live{};
  if (block != nullptr && recording() && recorder.live.find(reinterpret_cast<uint64_t>(block), live) &&
      usable > live.size)
    recorder.live.add(live.address, usable, live.stack);
  return usable;
}
