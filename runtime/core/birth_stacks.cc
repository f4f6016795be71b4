#include "runtime/core/birth_stacks.h"

#include <sys/auxv.h>

#include <algorithm>
#include <atomic>

#include "runtime/core/recorder.h"
#include "runtime/core/stack_memo.h"
#include "runtime/core/thread_state.h"
#include "runtime/core/unwind_table.h"

namespace reftally::runtime {
namespace {

constexpr uint32_t kKeptOfDeep = 48;  // of a stack deeper than we walk: frames kept, innermost first

constexpr uint64_t kZero = 0;

StackWord word_that_is(bool the_same) noexcept { return {reinterpret_cast<uint64_t>(&kZero), the_same ? kZero : 1}; }

// What the step from frame i to its caller read.
StackWord return_word(const LastStack& last, uint32_t i) noexcept {
  if (i == 0) return last.end_slot != 0 ? StackWord{last.end_slot, 0} : word_that_is(true);
  const Registers& caller = last.frames[i - 1].at;
  return last.frames[i].bp_slot == LastStack::kUnsure ? word_that_is(false) : StackWord{caller.sp - 8, caller.pc};
}

// Of frame i, the last one so far.
void add_step(LastStack& last, uint32_t i) noexcept {
  StackFrame& frame = last.frames[i];
  const bool is_decisive = i != 0 && last.frames[i - 1].bp_is_decisive;
  frame.bp_is_decisive = frame.used_bp || (frame.bp_slot == 0 && is_decisive);
  last.returns[i] = return_word(last, i);
  if (!is_decisive || frame.bp_slot == 0 || frame.bp_slot == LastStack::kUnsure) return;
  last.bp_words[last.bp_count] = {frame.bp_slot, last.frames[i - 1].at.bp};
  last.bp_frames[last.bp_count++] = i;
}

void keep_frames(LastStack& last, uint32_t count) noexcept {
  last.count = count;
  while (last.bp_count != 0 && last.bp_frames[last.bp_count - 1] >= count) last.bp_count--;
}

// The innermost of `count` frames whose step out would be another now, and those further out; 0: none.
uint32_t changed_frames(const LastStack& last, uint32_t count) noexcept {
  const auto difference = [](const StackWord& word) { return word_at(word.address) ^ word.value; };
  const StackWord* end = last.returns + count;
  while (end >= last.returns + 4 &&
         (difference(end[-1]) | difference(end[-2]) | difference(end[-3]) | difference(end[-4])) == 0)
    end -= 4;
  while (end != last.returns && !has_changed(end[-1])) end--;
  auto left = static_cast<uint32_t>(end - last.returns);
  for (uint32_t i = last.bp_count; left == 0 && i-- != 0;)
    if (last.bp_frames[i] < count && has_changed(last.bp_words[i])) left = last.bp_frames[i] + 1;
  return left;
}

// The same where memory may be gone: from the inside out, and no further than what is the same, for a slot whose inner
// frames are those that were walked is in use.
uint32_t changed_foreign_frames(const LastStack& last, uint32_t count) noexcept {
  uint32_t bp = last.bp_count;
  for (uint32_t i = count; i-- != 0;) {
    while (bp != 0 && last.bp_frames[bp - 1] > i) bp--;
    if (bp != 0 && last.bp_frames[bp - 1] == i && has_changed(last.bp_words[bp - 1])) return i + 1;
    if (has_changed(last.returns[i])) return i + 1;
  }
  return 0;
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
    if (candidate.sp != at.sp || candidate.pc != at.pc) return 0;
    if (last_.frames[left_ - 1].bp_is_decisive && candidate.bp != at.bp) return 0;
    const uint32_t found = left_;
    const uint32_t changed = last_.is_foreign ? changed_foreign_frames(last_, found) : changed_frames(last_, found);
    if (changed == 0) return found;
    left_ = changed - 1;  // frames further out may still be met another way
    return 0;
  }

 private:
  const LastStack& last_;
  uint32_t left_;  // frames not yet passed
};

// The stack of `caller` up to the outermost call of the function that frame i of the last stack is of: what lies
// between two calls of one is left out.
uint32_t without_recursion(const LastStack& last, uint32_t caller, uint32_t i) noexcept {
  const uint32_t function = last.frames[i].function;
  const auto is_of_function = [function](const StackFrame& frame) { return frame.function == function; };
  // The frames are at hand, the nodes seldom in the processor's cache.
  if (function == 0 || !std::any_of(last.frames, last.frames + i, is_of_function)) return caller;
  uint32_t found = caller;
  for (uint32_t node = caller; node != 0; node = recorder.stacks.parent(node))
    if (recorder.stacks.function(node) == function) found = recorder.stacks.parent(node);
  return found;
}

// The node of frame i of the last stack, called from the stack `caller` (0: it is the outermost). 0 when the table is
// full.
uint32_t node_of(ThreadState& thread, uint32_t caller, uint32_t i) noexcept {
  const StackFrame& frame = thread.last_stack.frames[i];
  const uint64_t pc = frame.at.pc, hash = (pc ^ uint64_t{caller} << 24) * 0x9E3779B97F4A7C15ull;
  KnownCall& known = thread.calls[hash >> 32 & thread.call_mask];
  if (known.caller == caller && known.pc == pc) return known.node;
  if (++thread.calls_missed > 2 * thread.call_mask && thread.call_mask + 1 < kMaxKnownCalls) {
    thread.call_mask = 2 * thread.call_mask + 1;
    thread.calls_missed = 0;
  }
  // Every way down a tree is a stack of its own: OpenSCAD filled the table with 4,600 addresses, each frame a miss of
  // the cache, and took 100 s for 9.
  const uint32_t parent = recorder.stacks.crowded() ? without_recursion(thread.last_stack, caller, i) : caller;
  const uint32_t node = recorder.stacks.child(parent, pc, frame.function);
  if (node != 0) known = {pc, caller, node};
  return node;
}

// Of a stack that is deeper than what is kept: its innermost frames, as if they were all.
uint32_t node_of_deep(ThreadState& thread, uint32_t depth) noexcept {
  const LastStack& last = thread.last_stack;
  const uint32_t kept = depth < kKeptOfDeep ? depth : kKeptOfDeep;
  uint32_t node = 0;
  for (uint32_t i = last.count - kept; i != last.count; i++)
    if ((node = node_of(thread, node, i)) == 0) return 0;
  return node;
}

// Outer frames give way to inner ones: a quarter at once, for they are moved.
void drop_outer_frames(LastStack& last, uint32_t needed) noexcept {
  constexpr uint32_t kQuarter = kMaxKnownFrames / 4;
  const uint32_t least = last.count + needed - kMaxKnownFrames, wanted = least > kQuarter ? least : kQuarter;
  const uint32_t dropped = wanted < last.count ? wanted : last.count, kept = last.count - dropped;
  memmove(last.frames, last.frames + dropped, kept * sizeof *last.frames);
  last.is_cut = true;
  keep_frames(last, 0);
  for (; last.count < kept; last.count++) add_step(last, last.count);
}

// Puts the `count` frames of a walk, innermost first, inside those of the last stack.
void remember(ThreadState& thread, uint32_t count) noexcept {
  LastStack& last = thread.last_stack;
  if (last.count + count > kMaxKnownFrames) drop_outer_frames(last, count);
  for (uint32_t i = count; i-- != 0; last.count++) {
    last.frames[last.count] = thread.walk[i];
    add_step(last, last.count);
    if (last.is_cut || last.count >= kMaxStackDepth) continue;
    const uint32_t caller = last.count != 0 ? last.nodes[last.count - 1] : 0;
    const bool is_lost = caller == 0 && last.count != 0;  // the table is full
    last.nodes[last.count] = is_lost ? 0 : node_of(thread, caller, last.count);
  }
}

// Walks from `walk` on and makes the thread's last stack that stack, of which it keeps the frames that it meets again.
void walk_stack(ThreadState& thread, StackWalk& walk) noexcept {
  LastStack& last = thread.last_stack;
  StackFrame* const inner = thread.walk;
  Matcher matcher(last);
  uint32_t count = 0, shared = 0;
  do {
    if ((shared = matcher.match(walk.registers())) != 0) break;
    inner[count].at = walk.registers();
    walk.step();
    inner[count].function = walk.function();
    inner[count].used_bp = walk.step_used_bp();
    inner[count++].bp_slot = walk.step_repeats() ? walk.bp_slot() : LastStack::kUnsure;
  } while (!walk.ended() && count < kMaxKnownFrames);
  keep_frames(last, shared);
  if (shared == 0) {
    last.is_cut = !walk.ended();
    last.end_slot = walk.end_slot();
  }
  remember(thread, count);
}

// ---- whole stacks that were met before

bool add_word(StackMemo& memo, uint64_t address, uint64_t value) noexcept {
  if (memo.count == StackMemo::kMaxWords) return false;
  memo.words[memo.count++] = {address, value};
  return true;
}

// Frames at the base of a thread's stack that called one function once: those of the C library that began it, and what
// called them. Whoever is called by the last of them is called by it alone. A fibre's may begin in any function.
uint32_t frames_of_base(const LastStack& last) noexcept {
  constexpr uint64_t kStart = 64;  // bytes of _start, which has no rule to go on by
  if (last.is_foreign) return 0;
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
  return last.end_slot == 0 || add_word(memo, last.end_slot, 0);
}

// A signal's handler may look at it at any moment, and must find it empty or whole. Its words can be read at any time:
// they are compared from the inside out, and where all before are the same, the next is a slot of a frame that is
// alive.
void keep_memo(StackMemo& memo, const LastStack& last, uint64_t epoch, const Registers& at, uint32_t node) noexcept {
  memo.pc = 0;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  memo.count = 0;
  memo.needs_bp = false;
  // Too deep, or it could not be trusted. A word for each frame at least.
  if (node == 0 || last.count == 0 || last.is_cut || last.count > StackMemo::kMaxWords) return;
  if (!collect_words(last, memo)) return;
  memo.words[memo.count] = {reinterpret_cast<uint64_t>(&memo), StackMemo::kEnd};
  memo.entry_sp = at.sp - kBelowCaller;
  memo.bp = at.bp;
  memo.epoch = epoch;
  memo.node = node;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  memo.pc = at.pc;
}

// ---- whether births are worth a memo

constexpr uint32_t kTriedBirths = 512, kTrials = 16;

// Asked for each birth whose stack had to be walked; the answer changes every kTriedBirths of them. To remember one is
// half a walk and spares a walk each time it is met again. Not the first ones: a thread that allocates little would
// touch memory for nothing.
bool remembers_births(ThreadState& thread) noexcept {
  if (++thread.births_walked % kTriedBirths != 0) return thread.remembers_births;
  const bool is_tried = thread.births_walked / kTriedBirths % kTrials == 1;
  thread.remembers_births = is_tried || (thread.remembers_births && thread.births_known >= kTriedBirths);
  thread.births_known = 0;
  return thread.remembers_births;
}

}  // namespace

uint32_t capture_stack(ThreadState& thread, const Registers& caller) noexcept {
  const uint64_t now = thread.epoch.load(std::memory_order_relaxed);
  const uint32_t depth = recorder.options.stack_depth;
  LastStack& last = thread.last_stack;
  const StackBounds bounds = bounds_around(caller.sp);
  const bool is_foreign = bounds.high == 0;
  if (last.epoch != now || last.is_foreign != is_foreign) last.count = 0;
  last.epoch = now;
  last.is_foreign = is_foreign;
  StackWalk walk(caller, bounds, true);
  walk_stack(thread, walk);
  if (last.is_cut && last.count <= depth) {  // it may be that deep no more
    last.count = 0;
    walk = StackWalk(caller, bounds, true);
    walk_stack(thread, walk);
  }
  const bool is_deep = last.is_cut || last.count > depth;
  const uint32_t node = is_deep ? node_of_deep(thread, depth) : last.nodes[last.count - 1];
  if (walk.was_lost()) last.count = 0;
  return node;
}

uint32_t capture_repeated_stack(ThreadState& thread, const Registers& caller) noexcept {
  const uint64_t epoch = thread.epoch.load(std::memory_order_relaxed);
  const uint32_t node = capture_stack(thread, caller);
  keep_memo(memo_to_replace(thread, caller), thread.last_stack, epoch, caller, node);
  return node;
}

uint32_t birth_stack(ThreadState& thread, const Registers& caller) noexcept {
  if (const uint32_t known = thread.remembers_births ? known_stack(thread, caller) : 0) {
    thread.births_known++;
    return known;
  }
  return remembers_births(thread) ? capture_repeated_stack(thread, caller) : capture_stack(thread, caller);
}

}  // namespace reftally::runtime
