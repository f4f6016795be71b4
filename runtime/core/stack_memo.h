// Whole stacks that a thread has met before (thread_state.h), known again without a walk.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>

#include "runtime/core/reentry_guard.h"
#include "runtime/core/thread_state.h"

namespace reftally::runtime {

extern std::atomic<uint32_t> stack_epoch
    [[gnu::visibility("hidden")]];  // of birth_stacks.cc: goes up when code may have been replaced

inline uint64_t word_at(uint64_t address) noexcept {
  uint64_t value;
  memcpy(&value, reinterpret_cast<const void*>(address), sizeof value);
  return value;
}

inline constexpr uint32_t kMemoWays = 4, kMemoSets = kStackMemos / kMemoWays;

// One function at one depth is called from several places: memos with the same registers stand beside each other.
inline StackMemo* memos_of(ThreadState& thread, const Registers& at) noexcept {
  const uint64_t hash = (at.pc ^ at.sp << 20) * 0x9E3779B97F4A7C15ull;
  return &thread.memos[(hash >> 32) % kMemoSets * kMemoWays];
}

// A thread's memos are of its own stack, so at the same sp all their words are there to be read.
inline bool is_same(const StackMemo& memo, const Registers& at) noexcept {
  if (memo.at.pc != at.pc || memo.at.sp != at.sp || (memo.needs_bp && memo.at.bp != at.bp)) return false;
  for (const StackMemo::Word *word = memo.words, *end = word + memo.count; word != end; word++)
    if (word_at(word->address) != word->value) return false;
  return true;
}

// Of what it knows of a thread before it, or of code that is gone, nothing is to be believed.
inline uint64_t memo_epoch(const ThreadState& thread) noexcept {
  return uint64_t{thread.earlier_threads} << 32 | stack_epoch.load(std::memory_order_relaxed);
}

// The stack of the calling thread from `at` on; 0: it has to be walked.
inline uint32_t known_stack(ThreadState& thread, const Registers& at) noexcept {
  const uint64_t epoch = memo_epoch(thread);
  for (const StackMemo *memo = memos_of(thread, at), *end = memo + kMemoWays; memo != end; memo++)
    if (memo->epoch == epoch && is_same(*memo, at)) return memo->node;
  return 0;
}

// The same where no ReentryGuard is held. A signal's handler may put another stack into the memo that is being read,
// one that lies further down: then it is not this one any more.
[[gnu::always_inline]] inline uint32_t known_stack_unguarded(const Registers& at) noexcept {
  ThreadState* const thread = own_state;
  if (thread == nullptr || inside_agent) return 0;
  const uint64_t epoch = memo_epoch(*thread);
  for (const StackMemo *memo = memos_of(*thread, at), *end = memo + kMemoWays; memo != end; memo++) {
    if (memo->at.pc != at.pc || memo->at.sp != at.sp || memo->epoch != epoch || !is_same(*memo, at)) continue;
    const uint32_t node = memo->node;
    std::atomic_signal_fence(std::memory_order_seq_cst);
    return memo->at.pc == at.pc && memo->at.sp == at.sp ? node : 0;
  }
  return 0;
}

// For one that is not known: the first of its set that is of no use, else each in turn.
inline StackMemo& memo_to_replace(ThreadState& thread, const Registers& at) noexcept {
  const uint64_t epoch = memo_epoch(thread);
  StackMemo* const set = memos_of(thread, at);
  for (uint32_t way = 0; way < kMemoWays; way++)
    if (set[way].at.pc == 0 || set[way].epoch != epoch) return set[way];
  return set[thread.next_memo++ % kMemoWays];
}

}  // namespace reftally::runtime
