// Whole stacks that a thread has met before (thread_state.h), known again without a walk.
#pragma once

#include <atomic>
#include <cstdint>

#include "runtime/core/thread_state.h"

namespace reftally::runtime {

inline bool has_changed(const StackWord& word) noexcept { return word_at(word.address) != word.value; }

// Below the stack pointer of whoever calls an entry of the overlay: a red zone and the return address.
inline constexpr uint64_t kBelowCaller = 136;
inline constexpr uint64_t kMemoHash = 0xffffffff9e3779b1;  // as an instruction's number of 32 bits

// One function at one depth is called from several places: memos with the same registers stand beside each other.
// overlay_entries.cc has this and is_same() once more.
inline StackMemo* memos_of(ThreadState& thread, const Registers& at) noexcept {
  const uint64_t hash = (8 * at.pc + at.sp - kBelowCaller) * kMemoHash;
  return &thread.memos[(hash >> 32) % kMemoSets * kMemoWays];
}

inline bool is_of_frame(const StackMemo& memo, const Registers& at) noexcept {
  return memo.pc == at.pc && memo.entry_sp == at.sp - kBelowCaller;
}

// Why the words are there to be read: keep_memo() in birth_stacks.cc.
inline bool is_same(const StackMemo& memo, const Registers& at, uint64_t epoch) noexcept {
  if (!is_of_frame(memo, at) || memo.epoch != epoch || (memo.needs_bp && memo.bp != at.bp)) return false;
  for (const StackWord *word = memo.words, *end = word + memo.count; word != end; word++)
    if (has_changed(*word)) return false;
  return true;
}

// The stack of the calling thread from `at` on; 0: it has to be walked. A signal's handler may put another stack into
// the memo that is being read, one that lies further down: then it is not this one any more.
inline uint32_t known_stack(ThreadState& thread, const Registers& at) noexcept {
  const uint64_t epoch = thread.epoch.load(std::memory_order_relaxed);
  for (const StackMemo *memo = memos_of(thread, at), *end = memo + kMemoWays; memo != end; memo++) {
    if (!is_same(*memo, at, epoch)) continue;
    const uint32_t node = memo->node;
    std::atomic_signal_fence(std::memory_order_seq_cst);
    return is_of_frame(*memo, at) ? node : 0;
  }
  return 0;
}

// For one that is not known: the first of its set that is of no use, else each in turn.
inline StackMemo& memo_to_replace(ThreadState& thread, const Registers& at) noexcept {
  const uint64_t epoch = thread.epoch.load(std::memory_order_relaxed);
  StackMemo* const set = memos_of(thread, at);
  for (uint32_t way = 0; way < kMemoWays; way++)
    if (set[way].pc == 0 || set[way].epoch != epoch) return set[way];
  return set[thread.next_memo++ % kMemoWays];
}

}  // namespace reftally::runtime
