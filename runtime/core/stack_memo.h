// Whole stacks that a thread has met before (thread_state.h), known again without a walk.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>

#include "runtime/core/thread_state.h"

namespace reftally::runtime {

extern std::atomic<uint32_t> stack_epoch;  // of birth_stacks.cc: goes up when code may have been replaced

inline uint64_t word_at(uint64_t address) noexcept {
  uint64_t value;
  memcpy(&value, reinterpret_cast<const void*>(address), sizeof value);
  return value;
}

inline constexpr int kMemoShift = 56;
static_assert(kStackMemos == 1u << (64 - kMemoShift));

inline StackMemo& memo_of(ThreadState& thread, const Registers& at) noexcept {
  const uint64_t hash = (at.pc ^ at.sp << 20) * 0x9E3779B97F4A7C15ull;
  return thread.memos[hash >> kMemoShift];
}

// A thread's memos are of its own stack, so at the same sp all their words are there to be read.
inline bool is_same(const StackMemo& memo, const Registers& at) noexcept {
  if (memo.at.pc != at.pc || memo.at.sp != at.sp || (memo.needs_bp && memo.at.bp != at.bp)) return false;
  for (const StackMemo::Word *word = memo.words, *end = word + memo.count; word != end; word++)
    if (word_at(word->address) != word->value) return false;
  return true;
}

// The stack of the calling thread from `at` on; 0: it has to be walked.
inline uint32_t known_stack(ThreadState& thread, const Registers& at) noexcept {
  const StackMemo& memo = memo_of(thread, at);
  const bool is_known =
      memo.node != 0 && memo.epoch == stack_epoch.load(std::memory_order_relaxed) && is_same(memo, at);
  return is_known ? memo.node : 0;
}

}  // namespace reftally::runtime
