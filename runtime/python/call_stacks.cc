#include "runtime/python/call_stacks.h"

#include "runtime/python/references.h"
#include "runtime/python/stack_tables.h"

namespace reftally::python {
namespace {

uint32_t callers_wanted = 0;

// What was found last: the stack by innermost call site and chain, the chain by the innermost two call sites.
struct Recent {
  Address instruction;
  uint32_t chain;
  uint32_t stack;
};
constexpr int kRecentBits = 10;
Recent recent[1u << kRecentBits];
uint32_t guesses[1u << kRecentBits];

inline uint32_t recent_slot(uint64_t key) noexcept {
  return static_cast<uint32_t>(key * kGolden >> (64 - kRecentBits));
}
inline Recent& recent_stack(Address instruction, uint32_t chain) noexcept {
  return recent[recent_slot(instruction ^ uint64_t{chain} << 7)];
}

void forget_stack(Address instruction, uint32_t chain) noexcept {
  Recent& known = recent_stack(instruction, chain);
  if (known.instruction == instruction && known.chain == chain) known = Recent{};
}

// ---- frames

struct Offsets {  // of the layout: what each allocation needs, side by side
  uint64_t thread_frame, code, instruction, previous, stack_top, owner;
  uint64_t thread_indirect, block_count, executing, last_block;
  bool is_indirect;
  bool has_c_frames;  // 3.12 and later put frames of C code between, whose instructions are not their code's
};
Offsets offsets;

void set_offsets(const Layout& layout) noexcept {
  auto at = [](int32_t offset) { return static_cast<uint64_t>(offset); };
  offsets = {at(layout.thread_frame),
             at(layout.frame_code),
             at(layout.frame_instruction),
             at(layout.frame_previous),
             at(layout.frame_stack_top),
             at(layout.frame_owner),
             at(layout.thread_frame_indirect),
             at(layout.frame_block_count),
             at(layout.frame_executing),
             at(layout.frame_last_block),
             layout.thread_frame_indirect != kAbsent,
             python.at_least(12)};
}

[[gnu::always_inline]] inline Address innermost_frame(Address thread) noexcept {
  Address holder = thread;
  if (holder != 0 && offsets.is_indirect) holder = pointer_at(holder + offsets.thread_indirect);
  return holder != 0 ? pointer_at(holder + offsets.thread_frame) : 0;
}

template <FrameKind Kind>
[[gnu::always_inline]] inline Address instruction_of(Address frame) noexcept {
  if constexpr (Kind == FrameKind::kRecord)
    return pointer_at(frame + offsets.instruction);
  else
    return indexed_instruction(pointer_at(frame + offsets.code), read<int32_t>(frame + offsets.instruction));
}

// 3.13 calls __init__ of a Python class by a static code of its own: named so, in a file of that name, at no line.
inline bool is_glue(Address code) noexcept {
  auto at = [code](int32_t offset) { return code + static_cast<uint64_t>(offset); };
  const Layout& layout = *python.layout;
  return read<int32_t>(at(layout.code_first_line)) == 0 &&
         pointer_at(at(layout.code_filename)) == pointer_at(at(layout.code_name));
}

// 0: of C, which has no lines.
inline Address code_of(Address frame) noexcept {
  if (offsets.has_c_frames && read<uint8_t>(frame + offsets.owner) >= kOwnedByCStack) return 0;
  const Address code = pointer_at(frame + offsets.code);
  return offsets.has_c_frames && is_glue(code) ? 0 : code;
}

// ---- marks

constexpr int32_t kRunning = -1;  // and a mark is less

struct BlockMark {  // PyTryBlock
  int32_t kind, mark, reserved;
};
constexpr int32_t kBlockCount = 20, kMarkKind = -0x5EF7;
constexpr uint8_t kExecutes = 1, kExecutesWithMark = 2;

template <FrameKind Kind>
[[gnu::always_inline]] inline int32_t top_of(Address frame) noexcept {
  if constexpr (Kind != FrameKind::kBlockObject) return read<int32_t>(frame + offsets.stack_top);
  const auto executing = read<uint8_t>(frame + offsets.executing);
  if (executing != kExecutesWithMark) return executing == kExecutes ? kRunning : 0;
  const auto block = read<BlockMark>(frame + offsets.last_block);
  return block.kind == kMarkKind ? block.mark : 0;
}

template <FrameKind Kind>
bool write_mark(Address frame, int32_t mark) noexcept {
  if constexpr (Kind != FrameKind::kBlockObject) {
    *reinterpret_cast<int32_t*>(frame + offsets.stack_top) = mark;
    return true;
  }
  if (read<int32_t>(frame + offsets.block_count) >= kBlockCount ||
      pointer_at(frame + kObjectType) != python.types.frame)
    return false;
  *reinterpret_cast<BlockMark*>(frame + offsets.last_block) = {kMarkKind, mark, 0};
  *reinterpret_cast<uint8_t*>(frame + offsets.executing) = kExecutesWithMark;
  return true;
}

inline uint32_t chain_of_mark(int32_t mark) noexcept { return static_cast<uint32_t>(kRunning - mark); }
inline int32_t mark_of_chain(uint32_t chain) noexcept { return kRunning - static_cast<int32_t>(chain); }

// A frame that does not run keeps what lies on its stack by that number: it is left alone.
template <FrameKind Kind>
int32_t set_mark(Address frame, uint32_t chain) noexcept {
  if (chain == 0 || top_of<Kind>(frame) != kRunning || code_of(frame) == 0) return 0;
  const int32_t mark = mark_of_chain(chain);
  return write_mark<Kind>(frame, mark) ? mark : 0;
}

// ---- chains

template <FrameKind Kind>
void walk_callers(Address frame, Walked& to) noexcept {
  uint32_t wanted = callers_wanted;
  ChainHash hash;
  for (; frame != 0; frame = pointer_at(frame + offsets.previous)) {
    to.cut = wanted == 0 || to.count == kMaxWalked;
    if (to.cut) break;
    const Address code = code_of(frame);
    if (code != 0) wanted--;
    const Address instruction = instruction_of<Kind>(frame);
    to.levels[to.count] = {instruction, frame};
    to.codes[to.count++] = code;
    hash.add(instruction);
  }
  to.hash = hash.of(to.count);
}

template <FrameKind Kind>
[[gnu::noinline]] uint32_t find_chain(Address frame) noexcept {
  Walked callers;
  walk_callers<Kind>(frame, callers);
  return chain_of(callers);
}

// True when the frames of now stand where they stood in that chain. An instruction lies in one code object, for that
// of a dead one is told no more: codes need no look. A loop's frames lie where they lay last time, so the next frame is
// read where it should be, before the pointer to it has arrived; the pointer has the last word.
template <FrameKind Kind>
[[gnu::always_inline]] inline bool is_same(Level& level, Address& frame, uint64_t previous) noexcept {
  Address foretold = level.frame;
  asm("" : "+r"(foretold));  // or the compiler would use `frame`, being the same, and wait for it
  if (level.frame != frame) [[unlikely]] {
    if (frame == 0) return false;
    level.frame = foretold = frame;
  }
  if (instruction_of<Kind>(foretold) != level.instruction) [[unlikely]]
    return false;
  frame = pointer_at(foretold + previous);
  return true;
}

template <FrameKind Kind>
[[gnu::always_inline]] inline bool are_same(Level* level, uint32_t left, Address& frame) noexcept {
  constexpr uint32_t kAtOnce = 4;
  const uint64_t previous = offsets.previous;
  for (; left >= kAtOnce; left -= kAtOnce, level += kAtOnce)
#pragma GCC unroll 4
    for (uint32_t i = 0; i < kAtOnce; i++)
      if (!is_same<Kind>(level[i], frame, previous)) return false;
  for (; left > 0; left--, level++)
    if (!is_same<Kind>(*level, frame, previous)) return false;
  return true;
}

// After the whole chain was found to be that of now: the innermost of its frames that has a mark, or can have one.
template <FrameKind Kind>
[[gnu::noinline]] void look_for_mark(Chain& chain) noexcept {
  for (uint32_t i = 0; i < chain.count; i++) {
    if (level_codes[chain.first + i] == 0) continue;
    const Address frame = levels[chain.first + i].frame;
    int32_t top = top_of<Kind>(frame);
    if (top == kRunning) top = set_mark<Kind>(frame, find_chain<Kind>(pointer_at(frame + offsets.previous)));
    if (top >= kRunning) continue;
    chain.marked = i;
    chain.mark = top;
    return;
  }
}

// `frame` is the innermost of the callers. A mark that is known ends the comparison: what the frame's callers were
// when the chain was compared with them to its end, they are still.
template <FrameKind Kind>
bool is_still(Chain& chain, Address frame) noexcept {
  Level* level = levels + chain.first;
  const uint32_t marked = chain.marked;
  if (!are_same<Kind>(level, marked, frame)) return false;
  if (marked != chain.count) {
    const Address at = frame;
    if (!is_same<Kind>(level[marked], frame, offsets.previous)) return false;
    if (top_of<Kind>(at) == chain.mark) return true;
    if (!are_same<Kind>(level + marked + 1, chain.count - marked - 1, frame)) return false;
    // Wiped by a call. All callers up to the thread's first frame were compared: the mark is right again.
    const bool restored = chain.cut == 0 && frame == 0 && set_mark<Kind>(at, chain_of_mark(chain.mark)) != 0;
    if (!restored) chain.marked = chain.count;
  }
  if (chain.cut == 0 && frame != 0) return false;
  constexpr uint32_t kPatience = 8;
  if (chain.marked == chain.count && chain.compared++ % kPatience == 0) look_for_mark<Kind>(chain);
  return true;
}

template <FrameKind Kind>
[[gnu::noinline]] uint32_t find_callers(Address frame, Address instruction) noexcept {
  const Address caller = callers_wanted != 0 ? pointer_at(frame + offsets.previous) : 0;
  const Address called_at = caller != 0 ? instruction_of<Kind>(caller) : 0;
  uint32_t& guess = guesses[recent_slot(instruction ^ called_at << 7)];
  if (guess == 0 || !is_still<Kind>(chains[guess], caller)) guess = find_chain<Kind>(caller);
  set_mark<Kind>(frame, guess);
  return guess;
}

}  // namespace

template <FrameKind Kind>
uint32_t current_stack() noexcept {
  const Address thread = python.current_thread();
  if (is_of_other_interpreter(thread)) [[unlikely]]
    return kOfOtherInterpreter;
  const Address frame = innermost_frame(thread);
  if (frame == 0) return 0;
  const Address instruction = instruction_of<Kind>(frame);
  const int32_t top = top_of<Kind>(frame);
  const uint32_t chain = top < kRunning ? chain_of_mark(top) : find_callers<Kind>(frame, instruction);
  Recent& known = recent_stack(instruction, chain);
  if (known.instruction != instruction || known.chain != chain) [[unlikely]]
    known = {instruction, chain, stack_of(code_of(frame), instruction, chain)};
  return known.stack;
}

template uint32_t current_stack<FrameKind::kBlockObject>() noexcept;
template uint32_t current_stack<FrameKind::kObject>() noexcept;
template uint32_t current_stack<FrameKind::kRecord>() noexcept;

FrameKind frame_kind() noexcept {
  if (python.layout->frame_function != kAbsent) return FrameKind::kRecord;
  return python.at_least(10) ? FrameKind::kObject : FrameKind::kBlockObject;
}

bool prepare_call_stacks(uint32_t depth) noexcept {
  callers_wanted = depth - 1;
  set_offsets(*python.layout);
  return prepare_stack_tables(forget_stack);
}

// The interpreter's loop keeps these in its own native frame: _PyCFrame in 3.11 and 3.12, its first frame in 3.13.
Address native_stack_limit() noexcept {
  const Address thread = python.current_thread();
  if (thread == 0 || frame_kind() != FrameKind::kRecord) return 0;
  if (offsets.is_indirect) return pointer_at(thread + offsets.thread_indirect);
  Address frame = innermost_frame(thread);
  while (frame != 0 && read<uint8_t>(frame + offsets.owner) < kOwnedByCStack)
    frame = pointer_at(frame + offsets.previous);
  return frame;
}

}  // namespace reftally::python
