#include "runtime/python/call_stacks.h"

#include <string.h>

#include "runtime/core/system.h"
#include "runtime/python/memory.h"
#include "runtime/python/object.h"
#include "runtime/python/references.h"

namespace reftally::python {
namespace {

struct Level {
  Address instruction;
  Address frame;  // where it lay last time
};

struct Chain {
  uint32_t first;  // of its levels, innermost first
  uint32_t count : 31;
  uint32_t cut : 1;  // as deep as wanted: callers follow
  uint32_t hash;
  uint32_t marked;    // the level whose frame had a mark when last looked at; `count`: none
  int32_t mark;       // of that frame
  uint32_t compared;  // to its end, since a frame with a mark was looked for
};

struct Site {  // with its chain, a stack
  Address instruction;
  Address code;
  uint32_t chain;
};

struct Recent {
  Address instruction;
  uint32_t chain;
  uint32_t stack;
};

// Reserved: 260 MiB of address space; memory is used as it is filled. Half of the chains and stacks are for use.
constexpr uint32_t kMaxChains = 1u << 19, kMaxStacks = 1u << 20, kMaxLevels = 1u << 23;
constexpr uint32_t kMaxWalked = 2 * kMaxBirthDepth;  // with frames of C code between
constexpr int kRecentBits = 10;

// Number 0 is unused in all of them. Slots are open addressing: a number, or 0.
Chain* chains = nullptr;
uint32_t* chain_slots = nullptr;
Level* levels = nullptr;
Address* level_codes = nullptr;  // 0: a frame of C code
Site* sites = nullptr;
uint32_t* site_slots = nullptr;
uint32_t chain_count = 0, level_count = 0, site_count = 0;
uint32_t callers_wanted = 0;
// What was found last: the stack by innermost call site and chain, the chain by the innermost two call sites.
Recent recent[1u << kRecentBits];
uint32_t guesses[1u << kRecentBits];

// Always false, and says so once.
bool refuse() noexcept {
  static bool said = false;
  if (!said) runtime::say("no room for more call stacks: what is allocated by new ones has no birth stack");
  said = true;
  return false;
}

constexpr uint64_t kGolden = 0x9E3779B97F4A7C15u;
inline uint32_t recent_slot(uint64_t key) noexcept {
  return static_cast<uint32_t>(key * kGolden >> (64 - kRecentBits));
}

// ---- code objects the stacks refer to

constexpr uint32_t kMaxCodes = 1u << 17;
Address* codes = nullptr;  // open addressing
uint32_t code_count = 0;

// The code stays alive, so an instruction's address says whose it is.
bool keep_code(Address code) noexcept {
  if (type_of(code) != python.types.code) return false;
  uint32_t i = static_cast<uint32_t>((code >> 4) * kGolden >> 40) & (kMaxCodes - 1);
  for (; codes[i] != 0; i = (i + 1) & (kMaxCodes - 1))
    if (codes[i] == code) return true;
  if (code_count >= kMaxCodes / 2) return refuse();
  codes[i] = code;
  code_count++;
  python.Py_IncRef(code);
  return true;
}

// ---- frames

Address (*current_thread)() = nullptr;

struct Offsets {  // of the layout: what each allocation needs, side by side
  uint64_t thread_frame, code, instruction, previous, stack_top, owner;
  uint64_t thread_indirect;
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
             layout.thread_frame_indirect != kAbsent,
             python.at_least(12)};
}

[[gnu::always_inline]] inline Address innermost_frame() noexcept {
  Address holder = current_thread();
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

template <FrameKind Kind>
[[gnu::always_inline]] inline int32_t top_of(Address frame) noexcept {
  if constexpr (Kind == FrameKind::kUnmarkedObject)
    return 0;
  else
    return read<int32_t>(frame + offsets.stack_top);
}

inline uint32_t chain_of_mark(int32_t mark) noexcept { return static_cast<uint32_t>(kRunning - mark); }
inline int32_t mark_of_chain(uint32_t chain) noexcept { return kRunning - static_cast<int32_t>(chain); }

// A frame that does not run keeps what lies on its stack by that number: it is left alone.
template <FrameKind Kind>
int32_t set_mark(Address frame, uint32_t chain) noexcept {
  if (chain == 0 || top_of<Kind>(frame) != kRunning || code_of(frame) == 0) return 0;
  const int32_t mark = mark_of_chain(chain);
  *reinterpret_cast<int32_t*>(frame + offsets.stack_top) = mark;
  return mark;
}

// ---- chains

struct Walked {
  uint32_t count = 0;
  bool cut = false;
  uint32_t hash = 0;
  Level levels[kMaxWalked];
  Address codes[kMaxWalked];
};

template <FrameKind Kind>
void walk_callers(Address frame, Walked& to) noexcept {
  uint32_t wanted = callers_wanted;
  uint64_t hash = 0;
  for (; frame != 0; frame = pointer_at(frame + offsets.previous)) {
    to.cut = wanted == 0 || to.count == kMaxWalked;
    if (to.cut) break;
    const Address code = code_of(frame);
    if (code != 0) wanted--;
    const Address instruction = instruction_of<Kind>(frame);
    to.levels[to.count] = {instruction, frame};
    to.codes[to.count++] = code;
    hash = (hash ^ instruction) * kGolden + (hash >> 29);
  }
  to.hash = static_cast<uint32_t>(hash >> 32) ^ to.count;
}

bool is_equal(const Chain& chain, const Walked& found) noexcept {
  if (chain.hash != found.hash || chain.count != found.count || chain.cut != found.cut) return false;
  for (uint32_t i = 0; i < found.count; i++)
    if (levels[chain.first + i].instruction != found.levels[i].instruction) return false;
  return true;
}

uint32_t add_chain(const Walked& found) noexcept {
  if (chain_count + 1 >= kMaxChains / 2 || level_count + found.count > kMaxLevels) return refuse();
  for (uint32_t i = 0; i < found.count; i++)
    if (found.codes[i] != 0 && !keep_code(found.codes[i])) return 0;
  memcpy(levels + level_count, found.levels, found.count * sizeof(Level));
  memcpy(level_codes + level_count, found.codes, found.count * sizeof(Address));
  chains[++chain_count] = {level_count, found.count, found.cut, found.hash, found.count, 0, 0};
  level_count += found.count;
  return chain_count;
}

template <FrameKind Kind>
[[gnu::noinline]] uint32_t find_chain(Address frame) noexcept {
  Walked found;
  walk_callers<Kind>(frame, found);
  uint32_t i = found.hash & (kMaxChains - 1);
  for (; chain_slots[i] != 0; i = (i + 1) & (kMaxChains - 1))
    if (is_equal(chains[chain_slots[i]], found)) return chain_slots[i];
  return chain_slots[i] = add_chain(found);
}

// True when the frames of now stand where they stood in that chain. An instruction lies in one code object, which the
// chain keeps alive: codes need no look. A loop's frames lie where they lay last time, so the next frame is read
// where it should be, before the pointer to it has arrived; the pointer has the last word.
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

// ---- stacks

[[gnu::noinline]] uint32_t find_stack(Address code, Address instruction, uint32_t chain) noexcept {
  if (chain == 0) return 0;
  uint32_t i = static_cast<uint32_t>((instruction ^ uint64_t{chain} << 40) * kGolden >> 40) & (kMaxStacks - 1);
  for (; site_slots[i] != 0; i = (i + 1) & (kMaxStacks - 1)) {
    const Site& site = sites[site_slots[i]];
    if (site.instruction == instruction && site.chain == chain) return site_slots[i];
  }
  if (site_count + 1 >= kMaxStacks / 2) return refuse();
  if (code != 0 && !keep_code(code)) return 0;
  sites[++site_count] = {instruction, code, chain};
  return site_slots[i] = site_count;
}

template <class Row>
bool map_rows(Row*& rows, size_t count) noexcept {
  rows = static_cast<Row*>(runtime::map_memory(count * sizeof(Row)));
  return rows != nullptr;
}

}  // namespace

template <FrameKind Kind>
uint32_t current_stack() noexcept {
  const Address frame = innermost_frame();
  if (frame == 0) return 0;
  const Address instruction = instruction_of<Kind>(frame);
  const int32_t top = top_of<Kind>(frame);
  const uint32_t chain = top < kRunning ? chain_of_mark(top) : find_callers<Kind>(frame, instruction);
  Recent& known = recent[recent_slot(instruction ^ uint64_t{chain} << 7)];
  if (known.instruction != instruction || known.chain != chain) [[unlikely]]
    known = {instruction, chain, find_stack(code_of(frame), instruction, chain)};
  return known.stack;
}

template uint32_t current_stack<FrameKind::kUnmarkedObject>() noexcept;
template uint32_t current_stack<FrameKind::kObject>() noexcept;
template uint32_t current_stack<FrameKind::kRecord>() noexcept;

FrameKind frame_kind() noexcept {
  if (python.layout->frame_function != kAbsent) return FrameKind::kRecord;
  return python.at_least(10) ? FrameKind::kObject : FrameKind::kUnmarkedObject;
}

bool prepare_call_stacks(uint32_t depth) noexcept {
  current_thread = python.PyThreadState_GetUnchecked;  // its name since 3.13
  if (current_thread == nullptr) current_thread = python._PyThreadState_UncheckedGet;
  if (current_thread == nullptr) return false;
  callers_wanted = depth - 1;
  set_offsets(*python.layout);
  return map_rows(chains, kMaxChains / 2) && map_rows(chain_slots, kMaxChains) && map_rows(levels, kMaxLevels) &&
         map_rows(level_codes, kMaxLevels) && map_rows(sites, kMaxStacks / 2) && map_rows(site_slots, kMaxStacks) &&
         map_rows(codes, kMaxCodes);
}

// The interpreter's loop keeps these in its own native frame: _PyCFrame in 3.11 and 3.12, its first frame in 3.13.
Address native_stack_limit() noexcept {
  const Address thread = current_thread();
  if (thread == 0 || frame_kind() != FrameKind::kRecord) return 0;
  if (offsets.is_indirect) return pointer_at(thread + offsets.thread_indirect);
  Address frame = innermost_frame();
  while (frame != 0 && read<uint8_t>(frame + offsets.owner) < kOwnedByCStack)
    frame = pointer_at(frame + offsets.previous);
  return frame;
}

uint32_t call_stack_size(uint32_t stack) noexcept {
  return stack == 0 || stack > site_count ? 0 : chains[sites[stack].chain].count + 1;
}

CallSite call_site(uint32_t stack, uint32_t level) noexcept {
  const Site& site = sites[stack];
  if (level == 0) return {site.code, site.instruction};
  const uint32_t at = chains[site.chain].first + level - 1;
  return {level_codes[at], levels[at].instruction};
}

void for_each_kept_code(void (*visit)(void* data, Address code), void* data) noexcept {
  for (uint32_t i = 0; code_count != 0 && i < kMaxCodes; i++)
    if (codes[i] != 0) visit(data, codes[i]);
}

}  // namespace reftally::python
