// What the overlay of C++ calls: each change of a reference count, once; `holder` is the address of a smart pointer.
//
// A program may do nothing else, so here is only what most events need: a few words beside the holder's own, no lock,
// no call. Everything else is a jump to the functions of live_references.h, which begin anew.
#include "runtime/core/reentry_guard.h"
#include "runtime/core/stack_memo.h"
#include "runtime/core/thread_state.h"
#include "runtime/events/holder_shadow.h"
#include "runtime/events/live_references.h"

using namespace reftally::runtime;

namespace {

struct EntryFrame {
  uint64_t bp, pc;  // of the caller, whose own stack begins behind this and its red zone
  Registers caller() const noexcept { return {pc, reinterpret_cast<uint64_t>(this + 1) + 128, bp}; }
};

// nullptr: to be looked for elsewhere.
[[gnu::always_inline]] inline ShadowPage* near_shadow(uint64_t address) noexcept {
  const uint64_t page = address / kShadowedPage;
  const ShadowSlot& slot = shadow_directory[page % kShadowSlots];
  return slot.page.load(std::memory_order_relaxed) == page ? slot.shadow.load(std::memory_order_acquire) : nullptr;
}

[[gnu::always_inline]] inline EventPath path() noexcept { return event_path.load(std::memory_order_relaxed); }

[[gnu::always_inline]] inline uint64_t object_of(const HeldReference& held) noexcept {
  return held.object.load(std::memory_order_relaxed);
}

[[gnu::always_inline]] inline uint32_t near_stack(const EntryFrame* frame) noexcept {
  ThreadState* const thread = own_state;
  const ReentryGuard guard;
  return thread != nullptr && guard.entered() ? known_stack(*thread, frame->caller()) : 0;
}

[[gnu::noinline]] void acquire_elsewhere(uint64_t object, uint64_t holder, const EntryFrame* frame) noexcept {
  acquire_reference(object, holder, frame->caller());
}
[[gnu::noinline]] void release_elsewhere(uint64_t object, uint64_t holder, bool is_last,
                                         const EntryFrame* frame) noexcept {
  release_reference(object, holder, is_last, frame->caller());
}
[[gnu::noinline]] void move_elsewhere(uint64_t object, uint64_t from, uint64_t to, const EntryFrame* frame) noexcept {
  move_reference(object, from, to, frame->caller());
}

}  // namespace

// Defines NAME(a, b, c, d): calls IMPLEMENTATION(a, b, c, d, const EntryFrame*). The caller has stepped over its red
// zone, and wants r10 and r11 kept (overlay/reftally/tell.h); its stack pointer may be anything.
#define REFTALLY_OVERLAY_ENTRY(NAME, IMPLEMENTATION)                                         \
  asm(".pushsection .text\n.globl " #NAME "\n.type " #NAME ", @function\n.p2align 5\n" #NAME \
      ":\n"                                                                                  \
      ".cfi_startproc\nendbr64\n.cfi_val_offset rsp, 128\n"                                  \
      "push %rbp\n.cfi_def_cfa_offset 16\n.cfi_offset rbp, -16\n"                            \
      "mov %rsp, %rbp\n.cfi_def_cfa_register rbp\n"                                          \
      "push %r10\npush %r11\n"                                                               \
      "mov %rbp, %r8\nand $-16, %rsp\ncall " #IMPLEMENTATION                                 \
      "\nmov -8(%rbp), %r10\nmov -16(%rbp), %r11\nleave\n.cfi_def_cfa rsp, 8\n"              \
      "ret\n.cfi_endproc\n.size " #NAME ", . - " #NAME "\n.popsection\n")

#define REFTALLY_IMPLEMENTATION extern "C" [[gnu::visibility("hidden"), gnu::used]] void

REFTALLY_IMPLEMENTATION reftally_tell_acquire(uint64_t object, uint64_t holder, uint64_t, uint64_t,
                                              const EntryFrame* frame) {
  const EventPath how = path();
  if (how < EventPath::kStacks) return acquire_elsewhere(object, holder, frame);
  ShadowPage *const shadow = near_shadow(holder), *const of_object = near_shadow(object);
  if (shadow == nullptr || of_object == nullptr) return acquire_elsewhere(object, holder, frame);
  HeldReference& held = reference_in(*shadow, holder);
  const uint32_t generation = generation_in(*of_object, object).load(std::memory_order_relaxed);
  const uint32_t stack = how == EventPath::kStacks ? near_stack(frame) : 0;
  if (object_of(held) != 0 || generation == 0 || (stack == 0 && how == EventPath::kStacks))
    return acquire_elsewhere(object, holder, frame);
  hold(held, object, stack, generation);
}
REFTALLY_OVERLAY_ENTRY(reftally_agent_acquire, reftally_tell_acquire);

REFTALLY_IMPLEMENTATION reftally_tell_release(uint64_t object, uint64_t holder, uint64_t is_last, uint64_t,
                                              const EntryFrame* frame) {
  ShadowPage* const shadow = path() >= EventPath::kStacks ? near_shadow(holder) : nullptr;
  if (shadow == nullptr) return release_elsewhere(object, holder, is_last != 0, frame);
  HeldReference& held = reference_in(*shadow, holder);
  if (object_of(held) != object) return release_elsewhere(object, holder, is_last != 0, frame);
  held.object.store(0, std::memory_order_release);
}
REFTALLY_OVERLAY_ENTRY(reftally_agent_release, reftally_tell_release);

REFTALLY_IMPLEMENTATION reftally_tell_move(uint64_t object, uint64_t from, uint64_t to, uint64_t,
                                           const EntryFrame* frame) {
  if (path() < EventPath::kStacks) return move_elsewhere(object, from, to, frame);
  ShadowPage *const of_from = near_shadow(from), *const of_to = near_shadow(to);
  if (of_from == nullptr || of_to == nullptr) return move_elsewhere(object, from, to, frame);
  HeldReference &held = reference_in(*of_from, from), &next = reference_in(*of_to, to);
  if (object_of(held) != object || object_of(next) != 0) return move_elsewhere(object, from, to, frame);
  hold(next, object, held.stack, held.generation);
  held.object.store(0, std::memory_order_release);
}
REFTALLY_OVERLAY_ENTRY(reftally_agent_move, reftally_tell_move);

REFTALLY_IMPLEMENTATION reftally_tell_swap(uint64_t now_in_one, uint64_t one, uint64_t now_in_other, uint64_t other,
                                           const EntryFrame* frame) {
  if (path() != EventPath::kOff) swap_references(now_in_one, one, now_in_other, other, frame->caller());
}
REFTALLY_OVERLAY_ENTRY(reftally_agent_swap, reftally_tell_swap);
