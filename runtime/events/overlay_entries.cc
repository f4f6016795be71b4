// What the overlay of C++ calls: each change of a reference count, once; `holder` is the address of a smart pointer.
//
// A program may do nothing else, so here is only what most events need: a few words beside the holder's own, no lock,
// no call, no frame. Everything else is a jump to what makes a frame and calls the functions of live_references.h,
// which begin anew.
//
// The caller has stepped over its red zone, its stack pointer may be anything, and it wants all registers kept but the
// four of the arguments, r8 and r9 and those of vectors (overlay/reftally/tell.h). No compiler can be told so: hence
// the assembly.
#include <cstddef>

#include "runtime/core/stack_memo.h"
#include "runtime/events/holder_shadow.h"
#include "runtime/events/live_references.h"

using namespace reftally::runtime;

namespace {

struct EntryFrame {
  uint64_t bp, pc;  // of the caller, whose own stack begins behind this and its red zone
  Registers caller() const noexcept { return {pc, reinterpret_cast<uint64_t>(&pc) + kBelowCaller, bp}; }
};

}  // namespace

// The numbers below.
static_assert(kShadowedShift == 22 && sizeof(ShadowRegion::references) == 0x800000 && kHoldsNone == 1);
static_assert(offsetof(HeldReference, object) == 0 && offsetof(HeldReference, stack) == 8 &&
              offsetof(HeldReference, generation) == 12);
static_assert(static_cast<int>(EventPath::kNoStacks) == 3 && sizeof event_path == 1);
static_assert(kBelowCaller == 136 && kMemoWays == 4 && kMemoSets == 256 && sizeof(StackMemo) == 512);
static_assert(offsetof(ThreadState, memos) == 0 && offsetof(ThreadState, epoch) == 0x80000);
static_assert(offsetof(StackMemo, pc) == 0 && offsetof(StackMemo, entry_sp) == 8 && offsetof(StackMemo, bp) == 16 &&
              offsetof(StackMemo, epoch) == 24 && offsetof(StackMemo, node) == 32 &&
              offsetof(StackMemo, needs_bp) == 38 && offsetof(StackMemo, words) == 40 && StackMemo::kMaxWords == 28);

asm(R"(
# shadow_of(address), by the table in a register of its own
.macro reftally_shadow_in table, address, shadow, otherwise
  mov \address, \shadow
  shr $22, \shadow
  cmp reftally_near_regions(%rip), \shadow
  jae \otherwise
  .ifc \table, load
  mov reftally_shadow_table(%rip), %r9
  .endif
  mov (%r9, \shadow, 8), \shadow
  test \shadow, \shadow
  jz \otherwise
.endm

# reference_in(shadow, holder): where the sum of both points then. A holder at no multiple of 8 finds nothing that is
# like what it looks for.
.macro reftally_reference_in shadow, holder, scratch
  mov \holder, \scratch
  and $8, \scratch
  imul $0x7ffff, \scratch, \scratch
  add \scratch, \shadow
.endm

# known_stack() in edx, where no memo is passed over but by way of 4 below. What ends a memo's words differs from what is
# there, as a word does that has changed: which it was is told by its address.
.macro reftally_known_stack otherwise
  mov reftally_own_state@gottpoff(%rip), %r9
  mov %fs:(%r9), %r9
  test %r9, %r9
  jz \otherwise
  mov (%rsp), %rdx
  lea (%rsp, %rdx, 8), %rcx
  imul $-0x61c8864f, %rcx, %rcx
  shr $21, %rcx
  and $0x7f800, %ecx
  mov 0x80000(%r9), %r8
  add %rcx, %r9
1:
  cmp %rdx, (%r9)
  jne 4f
  cmp %rsp, 8(%r9)
  jne 4f
  cmp %r8, 24(%r9)
  jne 4f
  cmpb $0, 38(%r9)
  jne 5f
2:
  .set reftally_word, 40
  .rept 29
  mov reftally_word(%r9), %rcx
  mov (reftally_word + 8)(%r9), %rdx
  cmp %rdx, (%rcx)
  jne 3f
  .set reftally_word, reftally_word + 16
  .endr
3:
  cmp %r9, %rcx
  jne 6f
  mov 32(%r9), %edx
  cmp %rsp, 8(%r9)
  jne \otherwise
.endm

# By further names: programs built when these kept less call the one without _2.
.macro reftally_entry names:vararg
  .p2align 5
  .irp name, \names
  .globl \name
  .type \name, @function
\name:
  .endr
  .cfi_startproc
  .cfi_escape 0x15, 7, 0x70  # rsp was 128 more: .cfi_val_offset, which clang does not know
  endbr64
.endm
.macro reftally_end_of_entry names:vararg
  ret
  .cfi_endproc
  .irp name, \names
  .size \name, . - \name
  .endr
.endm

# The rest of an entry: calls implementation(four arguments, const EntryFrame*).
.macro reftally_rest name, implementation
  .type \name, @function
  .p2align 4
\name:
  .cfi_startproc
  .cfi_escape 0x15, 7, 0x70  # rsp was 128 more: .cfi_val_offset, which clang does not know
  push %rbp
  .cfi_def_cfa_offset 16
  .cfi_offset rbp, -16
  mov %rsp, %rbp
  .cfi_def_cfa_register rbp
  push %rax
  push %r10
  push %r11
  mov %rbp, %r8
  and $-16, %rsp
  call \implementation
  mov -8(%rbp), %rax
  mov -16(%rbp), %r10
  mov -24(%rbp), %r11
  leave
  .cfi_def_cfa rsp, 8
  ret
  .cfi_endproc
  .size \name, . - \name
.endm

.pushsection .text
reftally_rest reftally_rest_of_acquire, reftally_tell_acquire
reftally_rest reftally_rest_of_release, reftally_tell_release
reftally_rest reftally_rest_of_counted_release, reftally_tell_counted_release
reftally_rest reftally_rest_of_move, reftally_tell_move
reftally_rest reftally_rest_of_swap, reftally_tell_swap

reftally_entry reftally_agent_acquire, reftally_agent_acquire_2  # object, holder
  mov %esi, %edx
  or %edi, %edx
  and $7, %edx
  jnz reftally_rest_of_acquire
  cmpb $3, reftally_event_path(%rip)
  je .Lwith_stack
  reftally_known_stack reftally_rest_of_acquire
.Lwith_stack:
  reftally_shadow_in load, %rsi, %rcx, reftally_rest_of_acquire
  reftally_reference_in %rcx, %rsi, %r8
  cmpq $1, (%rcx, %rsi)
  jne reftally_rest_of_acquire
  reftally_shadow_in %r9, %rdi, %r8, reftally_rest_of_acquire
  mov %edi, %r9d  # generation_in
  and $0x3ffff8, %r9d
  shr %r9d
  sub %r9, %r8
  mov 0x800000(%r8, %rdi), %r8d
  test %r8d, %r8d
  jz reftally_rest_of_acquire
  mov %edx, 8(%rcx, %rsi)
  mov %r8d, 12(%rcx, %rsi)
  mov %rdi, (%rcx, %rsi)
  ret
4:
  add $512, %r9
  test $2047, %r9d
  jnz 1b
  jmp reftally_rest_of_acquire
5:
  cmp %rbp, 16(%r9)
  je 2b
6:
  mov (%rsp), %rdx  # the words were read into these
  jmp 4b
reftally_end_of_entry reftally_agent_acquire, reftally_agent_acquire_2

.macro reftally_release rest
  reftally_shadow_in load, %rsi, %rcx, \rest
  reftally_reference_in %rcx, %rsi, %r8
  cmp %rdi, (%rcx, %rsi)
  jne \rest
  movq $1, (%rcx, %rsi)
.endm

reftally_entry reftally_agent_release, reftally_agent_release_2  # object, holder, is it the last
  reftally_release reftally_rest_of_release
reftally_end_of_entry reftally_agent_release, reftally_agent_release_2

reftally_entry reftally_agent_counted_release  # object, holder
  reftally_release reftally_rest_of_counted_release
reftally_end_of_entry reftally_agent_counted_release

reftally_entry reftally_agent_move, reftally_agent_move_2  # object, from, to
  reftally_shadow_in load, %rsi, %rcx, reftally_rest_of_move
  reftally_reference_in %rcx, %rsi, %r8
  cmp %rdi, (%rcx, %rsi)
  jne reftally_rest_of_move
  test $7, %dl
  jnz reftally_rest_of_move
  reftally_shadow_in %r9, %rdx, %r8, reftally_rest_of_move
  reftally_reference_in %r8, %rdx, %r9
  cmpq $1, (%r8, %rdx)
  jne reftally_rest_of_move
  mov 8(%rcx, %rsi), %r9
  mov %r9, 8(%r8, %rdx)
  mov %rdi, (%r8, %rdx)
  movq $1, (%rcx, %rsi)
reftally_end_of_entry reftally_agent_move, reftally_agent_move_2

reftally_entry reftally_agent_swap, reftally_agent_swap_2  # now in one, one, now in other, other
  jmp reftally_rest_of_swap
reftally_end_of_entry reftally_agent_swap, reftally_agent_swap_2
.popsection
)");

#define REFTALLY_IMPLEMENTATION extern "C" [[gnu::visibility("hidden"), gnu::used]] void

REFTALLY_IMPLEMENTATION reftally_tell_acquire(uint64_t object, uint64_t holder, uint64_t, uint64_t,
                                              const EntryFrame* frame) {
  acquire_reference(object, holder, frame->caller());
}

REFTALLY_IMPLEMENTATION reftally_tell_release(uint64_t object, uint64_t holder, uint64_t is_last, uint64_t,
                                              const EntryFrame* frame) {
  release_reference(object, holder, is_last != 0, frame->caller());
}

// Before it is done, of an object with an int behind its pointer to virtual functions.
REFTALLY_IMPLEMENTATION reftally_tell_counted_release(uint64_t object, uint64_t holder, uint64_t, uint64_t,
                                                      const EntryFrame* frame) {
  const int count = reinterpret_cast<const std::atomic<int>*>(object + 8)->load(std::memory_order_relaxed);
  release_reference(object, holder, count == 1, frame->caller());
}

REFTALLY_IMPLEMENTATION reftally_tell_move(uint64_t object, uint64_t from, uint64_t to, uint64_t,
                                           const EntryFrame* frame) {
  move_reference(object, from, to, frame->caller());
}

REFTALLY_IMPLEMENTATION reftally_tell_swap(uint64_t now_in_one, uint64_t one, uint64_t now_in_other, uint64_t other,
                                           const EntryFrame* frame) {
  const bool on = event_path.load(std::memory_order_relaxed) != EventPath::kOff;
  if (on) swap_references(now_in_one, one, now_in_other, other, frame->caller());
}
