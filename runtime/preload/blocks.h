// What every hook does with a block it is about to give to the program.
#pragma once

#include <cstring>

#include "runtime/core/recorder.h"
#include "runtime/preload/process.h"
#include "runtime/preload/real_functions.h"

namespace reftally::runtime {

inline constexpr size_t kMaxZeroFill = 128u << 10;  // larger blocks come zeroed from mmap

// Stale words in fresh memory look like references (research/native.md H2): 199 false ones of 2,000 without this.
inline void zero_fill(void* block, size_t begin, size_t end) noexcept {
  if (end - begin <= kMaxZeroFill && recorder.options.zero_fill)
    memset(static_cast<char*>(block) + begin, 0, end - begin);
}

inline void on_zeroed_block(void* block, size_t size, const Registers& caller) noexcept {
  if (block == nullptr || is_bootstrap(block)) return;
  ensure_started();
  if (recording()) record_block(block, size, caller);
}

inline void on_new_block(void* block, size_t size, const Registers& caller) noexcept {
  if (block != nullptr && recording() && !is_bootstrap(block)) zero_fill(block, 0, size);
  on_zeroed_block(block, size, caller);
}

}  // namespace reftally::runtime
