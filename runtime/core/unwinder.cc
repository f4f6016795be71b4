#include "runtime/core/unwinder.h"

#include <atomic>
#include <cstring>

#include "runtime/core/call_frame_rules.h"
#include "runtime/core/system.h"

extern "C" void* __libc_stack_end;  // ld.so: where the main thread's stack began

namespace reftally::runtime {
namespace {

// cache word: tag (32 bits of the mixed pc) << 32 | packed rule. The mix is a bijection of 48-bit pcs: the index uses
// the 16 high bits and the tag the 32 low ones, so a hit is never a neighbour's rule. 0 is "never seen".
constexpr uint32_t kCacheBits = 16;
std::atomic<uint64_t>* cache = nullptr;

uint64_t mix(uint64_t pc) noexcept { return pc * 0x9E3779B97F4A7C15ull & ((1ull << 48) - 1); }

// packed rule: bits 0-1 base (FrameRule::Base), bit 2 always set, bits 3-18 cfa offset / 8 (signed),
// bits 19-31 rbp slot (cfa - 8 * n; 0: rbp unchanged). Rules that do not fit are computed each time (about 1 in
// 10,000).
constexpr uint32_t kPackedValid = 1u << 2;

bool pack(const FrameRule& rule, uint32_t& packed) noexcept {
  if (rule.base == FrameRule::kEnd) {
    packed = kPackedValid | FrameRule::kEnd;
    return true;
  }
  if (rule.base == FrameRule::kDereferenceBp || rule.bp_kind == FrameRule::kBpAtBp) return false;
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

FrameRule unpack(uint32_t packed) noexcept {
  FrameRule rule;
  rule.base = static_cast<FrameRule::Base>(packed & 3);
  rule.cfa_offset = static_cast<int64_t>(packed >> 3 & 0xffff) * 8;
  rule.bp_offset = -static_cast<int64_t>(packed >> 19) * 8;
  rule.bp_kind = rule.bp_offset != 0 ? FrameRule::kBpAtCfa : FrameRule::kBpSame;
  return rule;
}

FrameRule rule_of(uint64_t pc) noexcept {
  const uint64_t mixed = mix(pc);
  std::atomic<uint64_t>& slot = cache[mixed >> (48 - kCacheBits)];
  const uint64_t tag = mixed << 32;
  uint64_t word = slot.load(std::memory_order_relaxed);
  if ((word & 0xffffffff00000000u) == tag && (word & kPackedValid) != 0) return unpack(static_cast<uint32_t>(word));
  FrameRule rule = frame_rule(pc);
  uint32_t packed = 0;
  if (pack(rule, packed)) slot.store(tag | packed, std::memory_order_relaxed);
  return rule;
}

// Where reading must stop. Fibres and signal stacks lie elsewhere than the thread's own stack: for them a frame of up
// to 1 MiB is believed and nothing more is known.
struct StackBounds {
  uint64_t end;
  bool known;
};

StackBounds stack_bounds(uint64_t sp) noexcept {
  uint64_t thread_pointer;
  asm("mov %%fs:0x10, %0" : "=r"(thread_pointer));
  auto main_end = reinterpret_cast<uint64_t>(__libc_stack_end);
  constexpr uint64_t kFar = 1ull << 30;
  if (sp < main_end && main_end - sp < kFar) return {main_end, true};
  if (sp < thread_pointer && thread_pointer - sp < kFar) return {thread_pointer, true};
  return {0, false};
}

uint64_t load(uint64_t address) noexcept {
  uint64_t value;
  memcpy(&value, reinterpret_cast<const void*>(address), sizeof value);
  return value;
}

bool is_plausible(uint64_t cfa, uint64_t sp, const StackBounds& bounds) noexcept {
  if (cfa <= sp || cfa % 8 != 0) return false;
  return bounds.known ? cfa <= bounds.end : cfa - sp < (1u << 20);
}

// One step to the caller; false at the end of the stack or where the rules are not ours to follow.
bool step(Registers& at, const StackBounds& bounds) noexcept {
  FrameRule rule = rule_of(at.pc);
  uint64_t cfa = 0;
  switch (rule.base) {
    case FrameRule::kEnd:
      return false;
    case FrameRule::kSp:
      cfa = at.sp + static_cast<uint64_t>(rule.cfa_offset);
      break;
    case FrameRule::kBp:
      cfa = at.bp + static_cast<uint64_t>(rule.cfa_offset);
      break;
    case FrameRule::kDereferenceBp: {
      uint64_t slot = at.bp + static_cast<uint64_t>(rule.cfa_offset);
      if (!is_plausible(slot + 8, at.sp, bounds)) return false;
      cfa = load(slot);
      break;
    }
  }
  if (!is_plausible(cfa, at.sp, bounds)) return false;
  if (rule.bp_kind == FrameRule::kBpAtCfa) at.bp = load(cfa + static_cast<uint64_t>(rule.bp_offset));
  if (rule.bp_kind == FrameRule::kBpAtBp) at.bp = load(at.bp + static_cast<uint64_t>(rule.bp_offset));
  at.pc = load(cfa - 8);
  at.sp = cfa;
  return at.pc != 0;
}

}  // namespace

bool create_unwinder() noexcept {
  cache = static_cast<std::atomic<uint64_t>*>(map_memory(sizeof(uint64_t) << kCacheBits));
  return cache != nullptr;
}

void forget_unwind_rules() noexcept {
  if (cache == nullptr) return;
  for (uint32_t i = 0; i < 1u << kCacheBits; i++) cache[i].store(0, std::memory_order_relaxed);
}

uint32_t unwind(Registers at, uint64_t* frames, uint32_t capacity) noexcept {
  if (capacity == 0) return 0;
  const StackBounds bounds = stack_bounds(at.sp);
  uint32_t count = 0;
  do frames[count++] = at.pc;
  while (count < capacity && step(at, bounds));
  return count;
}

}  // namespace reftally::runtime
