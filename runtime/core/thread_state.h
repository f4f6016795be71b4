// What the recorder keeps for each thread: counts, and the last stack (birth_stacks.h).
//
// Not in thread-local storage but in memory of the agent: glibc takes static TLS from the thread's stack, and programs
// that make threads with stacks of 16 KB would find pthread_create fail. A thread that ends gives its row back.
#pragma once

#include <atomic>
#include <cstdint>

#include "runtime/core/options.h"
#include "runtime/core/unwinder.h"

namespace reftally::runtime {

struct StackFrame {
  Registers at;
  uint64_t bp_slot;     // where the step to the caller read rbp; 0: it did not; kUnsure: never trust this step again
  uint32_t function;    // FrameRule::function
  bool used_bp;         // the step to the caller: see StackWalk
  bool bp_is_decisive;  // rbp on arrival here decides this step or, not read anew till then, a later one
};

// Of a stack: what is there while it is the same.
struct StackWord {
  uint64_t address, value;
};

// Frames of a stack that are walked and remembered. More than a birth stack has, so that a recursion which goes up and
// down at that depth is not walked anew each time.
inline constexpr uint32_t kMaxKnownFrames = 2 * kMaxStackDepth;

struct LastStack {
  static constexpr uint64_t kUnsure = 1;
  uint32_t count = 0;
  uint64_t epoch = 0;                  // ThreadState::epoch
  bool is_cut = false;                 // the outermost frames are not among these
  bool is_foreign = false;             // of a fibre: memory that is no part of the stack now may be gone
  uint64_t end_slot = 0;               // where the last step read a zero return address; 0: there was no rule
  StackFrame frames[kMaxKnownFrames];  // outermost first
  // What the steps to their callers read: each its return slot, and the slots that decisive values of rbp came from.
  StackWord returns[kMaxKnownFrames];
  uint32_t bp_count = 0;
  StackWord bp_words[kMaxKnownFrames];
  uint32_t bp_frames[kMaxKnownFrames];
  uint32_t nodes[kMaxStackDepth];  // of the frames, in the table of stacks: each with its callers; unless is_cut
};

// The node of a stack's frame, by its caller's and the address: the whole table does not fit a processor's cache.
struct KnownCall {
  uint64_t pc;  // 0: empty
  uint32_t caller, node;
};
inline constexpr uint32_t kMaxKnownCalls = 32768;  // a thread that calls little touches few of them

// A stack that was met before, known again by the words that its walk read: where they are the same, so is the walk.
struct alignas(64) StackMemo {
  static constexpr uint32_t kMaxWords = 28;
  static constexpr uint64_t kEnd = 1;  // no pc
  uint64_t pc;                         // of the innermost frame; 0: empty. Written last
  uint64_t entry_sp;                   // its stack pointer, less what an entry of the overlay has below it
  uint64_t bp;
  uint64_t epoch;  // ThreadState::epoch
  uint32_t node;
  uint16_t count;
  bool needs_bp;
  StackWord words[kMaxWords + 1];  // behind the last one a word that is never the same, at the memo's own address
};
static_assert(sizeof(StackMemo) == 512);  // found by a shift
inline constexpr uint32_t kMemoWays = 4, kMemoSets = 256;

struct ThreadState {
  // By innermost frame: stack_memo.h. Here, and each set where its address ends in zeros, for overlay_entries.cc.
  alignas(kMemoWays * sizeof(StackMemo)) StackMemo memos[kMemoSets * kMemoWays];
  // Goes up when the row gets another thread, and when code may have been replaced: of what was known before nothing is
  // to be believed.
  std::atomic<uint64_t> epoch;
  std::atomic<uint64_t> allocations;  // written by its thread only; stays when the row gets a new thread
  uint32_t until_next_stack;          // sampling
  uint32_t next_free;                 // row + 1
  uint32_t number;                    // of the row, below thread_row_count()
  uint32_t next_memo;                 // to be replaced, of each set
  uint32_t births_known;              // by a memo, since births_walked was last a multiple of birth_stacks.cc's
  uint32_t births_walked;
  bool remembers_births;
  LastStack last_stack;
  StackFrame walk[kMaxKnownFrames];  // of the walk going on, innermost first
  uint32_t call_mask;                // calls in use, a power of two, less one
  uint32_t calls_missed;             // since it grew
  KnownCall calls[kMaxKnownCalls];
};

inline constexpr uint32_t kMaxThreads = 16384;

bool create_thread_states() noexcept;
// From here on rows are given back at thread exit. Needs a C library that is up.
void watch_thread_exits() noexcept;

// The row of the calling thread; nullptr when all are taken. Not for a signal handler inside the agent.
[[gnu::visibility("hidden"),
  gnu::tls_model("initial-exec")]] extern constinit thread_local ThreadState* own_state asm("reftally_own_state");
ThreadState* take_thread_row() noexcept;
inline ThreadState* this_thread() noexcept {
  ThreadState* const row = own_state;
  return row != nullptr ? row : take_thread_row();
}

uint32_t thread_row_count() noexcept;  // most threads that were alive at once
void forget_last_stacks() noexcept;    // of all threads, after dlclose: code may be replaced

uint64_t total_allocations() noexcept;
void count_allocation_without_state() noexcept;
bool some_threads_had_no_state() noexcept;  // more at once than there are rows, or memory for them

}  // namespace reftally::runtime
