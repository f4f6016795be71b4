// What the program had in its registers when it called the agent. The agent's own frames lie where older frames of the
// program were: their unwritten slots hold stale words, so a stack is scanned from the program's frame on, never from
// ours. And a pointer may live in a callee-saved register only.
#pragma once

#include <cstdint>

namespace reftally::runtime {

struct CallState {
  uint64_t r15, r14, r13, r12, rbp, rbx;  // in the order in which the entry pushes them, last first
  uint64_t pc;                            // return address
  // The caller's stack pointer after the call returns is the address behind this struct.
  uint64_t sp() const noexcept { return reinterpret_cast<uint64_t>(this + 1); }
};

}  // namespace reftally::runtime

// Defines the C function NAME(a, b) with two arguments or fewer: saves the callee-saved registers on the stack and
// calls IMPLEMENTATION(a, b, const CallState*). VISIBILITY: .hidden or .protected. x86-64 System V.
#define REFTALLY_ENTRY_WITH_CALL_STATE(VISIBILITY, NAME, IMPLEMENTATION)                                            \
  asm(".pushsection .text\n"                                                                                        \
      ".globl " #NAME "\n" VISIBILITY " " #NAME "\n.type " #NAME ", @function\n" #NAME                              \
      ":\n"                                                                                                         \
      ".cfi_startproc\n"                                                                                            \
      "push %rbx\n.cfi_adjust_cfa_offset 8\n.cfi_rel_offset rbx, 0\n"                                               \
      "push %rbp\n.cfi_adjust_cfa_offset 8\n.cfi_rel_offset rbp, 0\n"                                               \
      "push %r12\n.cfi_adjust_cfa_offset 8\n.cfi_rel_offset r12, 0\n"                                               \
      "push %r13\n.cfi_adjust_cfa_offset 8\n.cfi_rel_offset r13, 0\n"                                               \
      "push %r14\n.cfi_adjust_cfa_offset 8\n.cfi_rel_offset r14, 0\n"                                               \
      "push %r15\n.cfi_adjust_cfa_offset 8\n.cfi_rel_offset r15, 0\n"                                               \
      "mov %rsp, %rdx\n"                                                                                            \
      "sub $8, %rsp\n.cfi_adjust_cfa_offset 8\n"                                                                    \
      "call " #IMPLEMENTATION                                                                                       \
      "\n"                                                                                                          \
      "add $56, %rsp\n.cfi_adjust_cfa_offset -56\n" /* nobody changed the saved registers: they are still theirs */ \
      "ret\n"                                                                                                       \
      ".cfi_endproc\n.size " #NAME ", . - " #NAME                                                                   \
      "\n"                                                                                                          \
      ".popsection\n")
