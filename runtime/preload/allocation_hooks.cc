// The malloc family. Each hook forwards, then records; a block is forgotten before it is freed, so that its address
// cannot be given out again in between.
#include <errno.h>

#include <cstring>

#include "runtime/core/reentry_guard.h"
#include "runtime/core/snapshot.h"
#include "runtime/preload/blocks.h"

using namespace reftally::runtime;

namespace {

// A bootstrap block moves to the real allocator.
void* leave_bootstrap(void* old, size_t size) noexcept {
  void* block = real().malloc(size);
  if (block != nullptr) memcpy(block, old, bootstrap_size(old) < size ? bootstrap_size(old) : size);
  return block;
}

// How much of a block realloc may find data in. Allocators other than glibc's have calls of their own by which a block
// grows where it is (jemalloc's xallocx, mimalloc's mi_expand), and nobody tells us of them.
size_t may_hold_data(void* block, const LiveBlock& known) noexcept {
  if (recorder.live.spacing() == LiveTable::kGlibcSpacing) return known.size;
  const size_t usable = real().malloc_usable_size(block);
  return usable > known.size ? usable : known.size;
}

void* move_block(void* old, size_t size, const Registers& caller) noexcept {
  LiveBlock before{};
  BlockInTransit transit;  // for a moment neither the old nor the new block is in the table
  const bool known = recording() && recorder.live.find(reinterpret_cast<uint64_t>(old), before);
  const size_t data = known && size > before.size ? may_hold_data(old, before) : size;
  if (known) forget_block(old);
  void* block = real().realloc(old, size);
  if (block == nullptr && size != 0) {  // failed: the old block lives on
    if (known) recorder.live.add(before.address, before.size, before.stack, before.birth);
    return nullptr;
  }
  if (block != nullptr && size > data) zero_fill(block, data, size);
  on_zeroed_block(block, size, caller);
  return block;
}

void* reallocate(void* old, size_t size, const Registers& caller) noexcept {
  void* block = nullptr;
  if (old == nullptr) {
    block = real().malloc(size);
    on_new_block(block, size, caller);
  } else if (is_bootstrap(old)) {
    block = leave_bootstrap(old, size);
    on_zeroed_block(block, size, caller);
  } else {
    block = move_block(old, size, caller);
    if (snapshot_postponed) [[unlikely]]
      take_postponed_snapshot(caller);
  }
  return block;
}

}  // namespace

#define HOOK extern "C" [[gnu::visibility("default"), gnu::noinline]]

HOOK void* malloc(size_t size) {
  void* block = real().malloc(size);
  on_new_block(block, size, caller_registers());
  return block;
}

HOOK void free(void* block) {
  if (block == nullptr || is_bootstrap(block)) return;
  if (recording()) forget_block(block);
  real().free(block);
}

HOOK void* calloc(size_t count, size_t size) {
  void* block = real().calloc(count, size);
  on_zeroed_block(block, count * size, caller_registers());
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
  on_new_block(block, size, caller_registers());
  return block;
}

HOOK void* aligned_alloc(size_t alignment, size_t size) {
  void* block = real().aligned_alloc(alignment, size);
  on_new_block(block, size, caller_registers());
  return block;
}

HOOK int posix_memalign(void** result, size_t alignment, size_t size) {
  int error = real().posix_memalign(result, alignment, size);
  if (error == 0) on_new_block(*result, size, caller_registers());
  return error;
}

HOOK void* valloc(size_t size) {
  void* block = real().valloc(size);
  on_new_block(block, size, caller_registers());
  return block;
}

HOOK void* pvalloc(size_t size) {
  void* block = real().pvalloc(size);
  on_new_block(block, size, caller_registers());
  return block;
}

// A program that asks may use all of it: the block is as large as it was told.
HOOK size_t malloc_usable_size(void* block) {
  if (block != nullptr && is_bootstrap(block)) return bootstrap_size(block);
  size_t usable = real().malloc_usable_size(block);
  LiveBlock live{};
  if (block != nullptr && recording() && recorder.live.find(reinterpret_cast<uint64_t>(block), live) &&
      usable > live.size)
    recorder.live.add(live.address, usable, live.stack, live.birth);
  return usable;
}
