#include "runtime/core/unwinder.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstring>

#include "runtime/core/call_frame_rules.h"
#include "runtime/core/present_pages.h"
#include "runtime/core/system.h"

namespace reftally::runtime {
namespace {

// Each word: tag (32 bits of the mixed pc) << 32 | what is known. The mix is a bijection of 48-bit pcs: the index uses
// the 16 high bits and the tag the 32 low ones, so a hit is never a neighbour's rule. 0 is "never seen". Two threads
// may write a row at once, so each word has the tag.
struct CachedRule {
  std::atomic<uint64_t> rule, function;
};
constexpr uint32_t kCacheBits = 16;
CachedRule* cache = nullptr;

uint64_t mix(uint64_t pc) noexcept { return pc * 0x9E3779B97F4A7C15ull & ((1ull << 48) - 1); }

// packed rule: bits 0-1 base (FrameRule::Base), bit 2 always set, bits 3-18 cfa offset / 8,
// bits 19-31 rbp slot (cfa - 8 * n; 0: rbp unchanged). Rules that do not fit are computed each time (about 1 in
// 10,000).
constexpr uint32_t kPackedValid = 1u << 2;

bool pack(const FrameRule& rule, uint32_t& packed) noexcept {
  if (rule.base == FrameRule::kEnd) {
    packed = kPackedValid | FrameRule::kEnd;
    return true;
  }
  if (rule.base > FrameRule::kBp || rule.bp_kind == FrameRule::kBpAtBp) return false;
  if (rule.cfa_offset % 8 != 0 || rule.cfa_offset < 0 || rule.cfa_offset / 8 > 0xffff) return false;
  uint32_t bp_slot = 0;
  if (rule.bp_kind == FrameRule::kBpAtCfa) {
    if (rule.bp_offset >= 0 || rule.bp_offset % 8 != 0 || -rule.bp_offset / 8 > 0x1fff) return false;
    bp_slot = static_cast<uint32_t>(-rule.bp_offset / 8);
  }
  packed =
      kPackedValid | static_cast<uint32_t>(rule.base) | static_cast<uint32_t>(rule.cfa_offset / 8) << 3 | bp_slot << 19;
  return true;
}

FrameRule unpack(uint32_t packed, uint32_t function) noexcept {
  FrameRule rule;
  rule.function = function;
  rule.base = static_cast<FrameRule::Base>(packed & 3);
  rule.cfa_offset = static_cast<int64_t>(packed >> 3 & 0xffff) * 8;
  rule.bp_offset = -static_cast<int64_t>(packed >> 19) * 8;
  rule.bp_kind = rule.bp_offset != 0 ? FrameRule::kBpAtCfa : FrameRule::kBpSame;
  return rule;
}

struct PackedRule {
  uint32_t packed, function;
};

CachedRule& row_of(uint64_t mixed) noexcept { return cache[mixed >> (48 - kCacheBits)]; }

// False: it is not in the table.
[[gnu::always_inline]] inline bool find_rule(uint64_t pc, PackedRule& found) noexcept {
  const uint64_t mixed = mix(pc);
  const CachedRule& row = row_of(mixed);
  const uint64_t rule = row.rule.load(std::memory_order_relaxed);
  const uint64_t function = row.function.load(std::memory_order_relaxed);
  found = {static_cast<uint32_t>(rule), static_cast<uint32_t>(function)};
  const auto tag = static_cast<uint32_t>(mixed);
  return rule >> 32 == tag && function >> 32 == tag && (rule & kPackedValid) != 0;
}

FrameRule rule_of(uint64_t pc) noexcept {
  PackedRule known;
  if (find_rule(pc, known)) return unpack(known.packed, known.function);
  FrameRule rule = frame_rule(pc);
  const uint64_t mixed = mix(pc);
  if (uint32_t packed = 0; pack(rule, packed)) {
    row_of(mixed).function.store(mixed << 32 | rule.function, std::memory_order_relaxed);
    row_of(mixed).rule.store(mixed << 32 | packed, std::memory_order_relaxed);
  }
  return rule;
}

}  // namespace

void StackWalk::set_bounds(const StackBounds& bounds) noexcept {
  is_foreign_ = bounds.high == 0;
  const uint64_t in_use = at_.sp - 8, page = page_down(is_return_ ? in_use : at_.sp);
  bounds_ = is_foreign_ ? StackBounds{page, is_return_ ? page + kPage : page} : bounds;
}

// A signal mask is read before it is seen that nothing is to be done with it, as Abseil's AddressIsReadable has it: a
// tenth of what process_vm_readv takes.
bool StackWalk::try_page_of(uint64_t address) noexcept {
  if (asks_nothing) return false;  // the call below may be forbidden now
  const uint64_t page = page_down(address);
  const int saved = errno;
  const bool readable = syscall(SYS_rt_sigprocmask, ~0, page, nullptr, 8) == 0 || errno != EFAULT;
  errno = saved;
  if (readable && page == bounds_.high) bounds_.high += kPage;
  return readable;
}

bool StackWalk::load(uint64_t address, uint64_t& value) noexcept {
  if (address % 8 != 0 || !holds(address)) return false;
  value = word_at(address);
  return true;
}

// The kernel pushed a ucontext_t and returns through __restore_rt, where sp points at it (asm/ucontext.h,
// asm/sigcontext.h).
bool StackWalk::step_over_signal() noexcept {
  constexpr uint64_t kBp = 120, kSp = 160, kPc = 168;
  Registers interrupted;
  if (!load(at_.sp + kBp, interrupted.bp) || !load(at_.sp + kSp, interrupted.sp) || !load(at_.sp + kPc, interrupted.pc))
    return end(kLost);
  at_ = interrupted;
  is_return_ = false;
  if (!bounds_.holds(at_.sp)) set_bounds(bounds_around(at_.sp));  // the handler had a stack of its own
  return at_.pc != 0 || end(kLost);
}

// The step of nearly all frames: by rsp or rbp as it is. False: nothing was done.
[[gnu::always_inline]] inline bool StackWalk::plain_step(uint32_t packed, uint32_t function) noexcept {
  const uint32_t base = packed & 3, bp_words = packed >> 19;
  if (base != FrameRule::kSp && base != FrameRule::kBp) return false;
  const uint64_t cfa = (base == FrameRule::kBp ? at_.bp : at_.sp) + (packed >> 3 & 0xffff) * 8;
  const uint64_t bp_slot = bp_words != 0 ? cfa - 8 * bp_words : 0;
  if (cfa <= at_.sp || cfa % 8 != 0 || !holds(cfa - 8)) return false;
  if (bp_words != 0 && (bp_slot < at_.sp || !holds(bp_slot))) return false;
  const uint64_t pc = word_at(cfa - 8);
  if (pc == 0) return false;
  if (bp_words != 0) at_.bp = word_at(bp_slot);
  at_.pc = pc;
  at_.sp = cfa;
  bp_slot_ = bp_slot;
  function_ = function;
  step_used_bp_ = base == FrameRule::kBp;
  step_repeats_ = true;
  return true;
}

bool StackWalk::step() noexcept {
  PackedRule known;
  if (is_return_ && find_rule(at_.pc - 1, known) && plain_step(known.packed, known.function)) return true;
  return rare_step();
}

bool StackWalk::rare_step() noexcept {
  step_repeats_ = false;
  const FrameRule rule = rule_of(is_return_ ? at_.pc - 1 : at_.pc);
  function_ = rule.function;
  uint64_t cfa = 0;
  step_used_bp_ =
      rule.base == FrameRule::kBp || rule.base == FrameRule::kDereferenceBp || rule.bp_kind == FrameRule::kBpAtBp;
  switch (rule.base) {
    case FrameRule::kEnd:
      return end(kNoRule);
    case FrameRule::kSignalFrame:
      return step_over_signal();
    case FrameRule::kSp:
      cfa = at_.sp + static_cast<uint64_t>(rule.cfa_offset);
      break;
    case FrameRule::kBp:
      cfa = at_.bp + static_cast<uint64_t>(rule.cfa_offset);
      break;
    case FrameRule::kDereferenceBp:
      if (!load(at_.bp + static_cast<uint64_t>(rule.cfa_offset), cfa)) return end(kLost);
      break;
  }
  bp_slot_ = rule.bp_kind == FrameRule::kBpSame    ? 0
             : rule.bp_kind == FrameRule::kBpAtCfa ? cfa + static_cast<uint64_t>(rule.bp_offset)
                                                   : at_.bp + static_cast<uint64_t>(rule.bp_offset);
  // Slots below the frame may be gone when a later walk looks at them.
  step_repeats_ = is_return_ && rule.base != FrameRule::kDereferenceBp && rule.bp_kind != FrameRule::kBpAtBp &&
                  (bp_slot_ == 0 || bp_slot_ >= at_.sp);
  return_slot_ = cfa - 8;
  if (cfa <= at_.sp || (bp_slot_ != 0 && !load(bp_slot_, at_.bp)) || !load(return_slot_, at_.pc)) return end(kLost);
  at_.sp = cfa;
  is_return_ = true;
  return at_.pc != 0 || end(kZero);
}

uint32_t unwind(const Registers& start, const StackBounds& bounds, bool pc_is_return_address, uint64_t* frames,
                uint32_t capacity) noexcept {
  StackWalk walk(start, bounds, pc_is_return_address);
  uint32_t count = 0;
  if (capacity == 0) return 0;
  do frames[count++] = walk.registers().pc;
  while (count < capacity && walk.step());
  return count;
}

bool create_unwinder() noexcept {
  cache = static_cast<CachedRule*>(map_memory(sizeof(CachedRule) << kCacheBits));
  return cache != nullptr;
}

void forget_unwind_rules() noexcept {
  if (cache == nullptr) return;
  for (uint32_t i = 0; i < 1u << kCacheBits; i++) cache[i].rule.store(0, std::memory_order_relaxed);
}

}  // namespace reftally::runtime
