#include "runtime/core/birth_stacks.h"

#include <sys/auxv.h>

#include <atomic>

#include "runtime/core/recorder.h"
#include "runtime/core/stack_memo.h"
#include "runtime/core/thread_state.h"
#include "runtime/core/unwind_table.h"

namespace reftally::runtime {
namespace {

constexpr uint32_t kKeptOfDeep = 48;  // of a stack deeper than we walk: frames kept, innermost first

uint64_t load(uint64_t address) noexcept { return word_at(address); }

bool same_step(const LastStack& last, uint32_t i) noexcept {
  if (i == 0) return last.end_slot == 0 || load(last.end_slot) == 0;
  const StackFrame& frame = last.frames[i];
  const Registers& caller = last.frames[i - 1].at;
  if (frame.bp_slot == LastStack::kUnsure || load(caller.sp - 8) != caller.pc) return false;
  return frame.bp_slot == 0 || load(frame.bp_slot) == caller.bp;
}

// Looks for frames of the last stack among those of a walk, both from the inside outwards.
class Matcher {
 public:
  explicit Matcher(const LastStack& last) noexcept : last_(last), left_(last.count) {}

  // How many frames of the last stack are the rest of the walk that has arrived at `at`, that frame included; 0: none.
  uint32_t match(const Registers& at) noexcept {
    while (left_ != 0 && last_.frames[left_ - 1].at.sp < at.sp) left_--;
    if (left_ == 0) return 0;
    const Registers& candidate = last_.frames[left_ - 1].at;
    if (candidate.sp != at.sp || candidate.pc != at.pc || candidate.bp != at.bp) return 0;
    const uint32_t found = left_;
    for (uint32_t i = found; i-- != 0;)
      if (!same_step(last_, i)) {
        left_ = i;  // frames further out may still be met another way
        return 0;
      }
    return found;
  }

 private:
  const LastStack& last_;
  uint32_t left_;  // frames not yet passed
};

uint32_t intern_deep(const StackFrame* inner, uint32_t count) noexcept {
  const uint32_t kept = count < kKeptOfDeep ? count : kKeptOfDeep;
  uint32_t node = 0;
  for (uint32_t i = kept; i-- != 0;)
    if ((node = recorder.stacks.child(node, inner[i].at.pc)) == 0) return 0;
  return node;
}

// Puts the `count` frames of a walk, innermost first, inside the `shared` outermost frames of the last stack.
uint32_t remember(LastStack& last, uint32_t shared, const StackFrame* inner, uint32_t count) noexcept {
  uint32_t node = shared != 0 ? last.frames[shared - 1].node : 0;
  last.count = shared;
  for (uint32_t i = count; i-- != 0;) {
    node = recorder.stacks.child(node, inner[i].at.pc);
    if (node == 0) return 0;
    StackFrame& frame = last.frames[last.count++];
    frame = inner[i];
    frame.node = node;
  }
  return node;
}

// ---- whole stacks that were met before

bool add_word(StackMemo& memo, uint64_t address, uint64_t value) noexcept {
  if (memo.count == StackMemo::kMaxWords) return false;
  memo.words[memo.count++] = {address, value};
  return true;
}

// Frames at the base of a thread's stack that called one function once: those of the C library that began it, and what
// called them. Whoever is called by the last of them is called by it alone.
uint32_t frames_of_base(const LastStack& last) noexcept {
  constexpr uint64_t kStart = 64;  // bytes of _start, which has no rule to go on by
  const bool is_process = last.frames[0].at.pc - getauxval(AT_ENTRY) < kStart;
  if (last.end_slot == 0 && !is_process) return 0;
  uint32_t frames = 1;
  while (frames < last.count && frames < 3 && is_in_c_library(last.frames[frames].at.pc - 1)) frames++;
  return frames;
}

// What the walk of the last stack has read, but for its base: every return slot, and of the slots rbp was read from
// those whose value then decided a step. False when it is too much.
bool collect_words(const LastStack& last, StackMemo& memo) noexcept {
  uint64_t bp_slot = 0;  // 0: rbp is still the innermost frame's
  const uint32_t base = frames_of_base(last);
  for (uint32_t i = last.count; i-- != 0;) {
    const StackFrame& frame = last.frames[i];
    if (base != 0 && i <= base && i + 1 != last.count) return true;
    if (i != 0 && frame.bp_slot == LastStack::kUnsure) return false;
    if (frame.used_bp && bp_slot != 0 && !add_word(memo, bp_slot, frame.at.bp)) return false;
    memo.needs_bp |= frame.used_bp && bp_slot == 0;
    if (frame.bp_slot != 0) bp_slot = frame.bp_slot;
    if (i != 0 && !add_word(memo, last.frames[i - 1].at.sp - 8, last.frames[i - 1].at.pc)) return false;
  }
  return true;
}

void keep_memo(StackMemo& memo, const LastStack& last, uint64_t epoch, const Registers& at, uint32_t node) noexcept {
  memo.at.pc = 0;
  memo.count = 0;
  memo.needs_bp = false;
  // Too deep, or it could not be trusted. A word for each frame at least.
  if (last.count == 0 || last.frames[last.count - 1].node != node || last.count > StackMemo::kMaxWords) return;
  if (!collect_words(last, memo)) return;
  memo.at = at;
  memo.epoch = epoch;
  memo.node = node;
}

}  // namespace

std::atomic<uint32_t> stack_epoch{0};

void forget_last_stacks() noexcept { stack_epoch.fetch_add(1, std::memory_order_relaxed); }

uint32_t capture_stack(ThreadState& thread, const Registers& caller) noexcept {
  const uint32_t now = stack_epoch.load(std::memory_order_relaxed), depth = recorder.options.stack_depth;
  LastStack& last = thread.last_stack;
  StackFrame* const inner = thread.walk;
  const StackBounds bounds = bounds_around(caller.sp);
  if (last.epoch != now) last.count = 0, last.epoch = now;
  if (bounds.high == 0) last.count = 0;  // a fibre: its memory may be gone when we look again
  Matcher matcher(last);
  StackWalk walk(caller, bounds, true);
  uint32_t count = 0, shared = 0;
  do {
    if ((shared = matcher.match(walk.registers())) != 0) break;
    if (count == depth) return intern_deep(inner, count);
    inner[count].at = walk.registers();
    walk.step();
    inner[count].used_bp = walk.step_used_bp();
    inner[count++].bp_slot = walk.step_repeats() ? walk.bp_slot() : LastStack::kUnsure;
  } while (!walk.ended());
  if (shared + count > kMaxStackDepth) return intern_deep(inner, count);
  if (shared == 0) last.end_slot = walk.end_slot();
  const uint32_t node = remember(last, shared, inner, count);
  if (node == 0 || bounds.high == 0 || walk.was_lost()) last.count = 0;
  return node;
}

uint32_t capture_repeated_stack(ThreadState& thread, const Registers& caller) noexcept {
  if (const uint32_t known = known_stack(thread, caller)) return known;
  const uint64_t epoch = memo_epoch(thread);
  const uint32_t node = capture_stack(thread, caller);
  keep_memo(memo_to_replace(thread, caller), thread.last_stack, epoch, caller, node);
  return node;
}

}  // namespace reftally::runtime
