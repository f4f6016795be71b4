// How the headers of the overlay tell the agent of a change of a count. Inlined always, so that the agent sees the
// program's own frame as its caller; names are the implementation's, for these headers stand before the program's.
#pragma GCC system_header
#ifndef _REFTALLY_TELL_H
#define _REFTALLY_TELL_H 1

#define _REFTALLY_INLINE __attribute__((__always_inline__)) inline

#ifdef __clang__
#define _REFTALLY_RARE
#else
#define _REFTALLY_RARE __attribute__((__cold__))
#endif

#ifdef __AVX512F__
#define _REFTALLY_AVX512_REGISTERS                                                                              \
  , "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25", "xmm26", "xmm27", \
      "xmm28", "xmm29", "xmm30", "xmm31", "k0", "k1", "k2", "k3", "k4", "k5", "k6", "k7"
#else
#define _REFTALLY_AVX512_REGISTERS
#endif

// Calls a function of the agent (_2: an earlier one kept less) that changes fewer registers than the ABI allows, rax,
// r10, r11 and those of the callee being kept: the function around it need not save its own for the sake of a call that
// is hardly ever made, nor move what it returns while it destroys its pointers. Nor does it change memory of the
// program, which the compiler may go on knowing; what it reads are the first words of the object, and so it stays
// between the changes of the count before and behind it. The 128 bytes below the stack pointer may be in use (the red
// zone). The address is read from the global offset table: in an executable that is not position independent, a plain
// reference to a weak symbol is settled as null by the linker.
#define _REFTALLY_CALL(function, object, ...)                                                                      \
  __asm__ __volatile__(".weak " #function "\n\tleaq -128(%%rsp), %%rsp\n\tcall *" #function                        \
                       "@GOTPCREL(%%rip)\n\tleaq 128(%%rsp), %%rsp"                                                \
                       : __VA_ARGS__                                                                               \
                       : "m"(*static_cast<const volatile __object_words*>(object))                                 \
                       : "r8", "r9", "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", \
                         "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15" _REFTALLY_AVX512_REGISTERS)

namespace __reftally {

struct __attribute__((__may_alias__)) __object_words {
  unsigned long __words[2];
};

// Is there an agent, with all that is called below? All that a program without one pays: a comparison with memory and a
// jump that is never taken; no register, and what follows stands apart from the program's own code.
_REFTALLY_INLINE bool __is_there() noexcept {
  __asm__ goto(
      ".weak reftally_agent_counted_release\n\tcmpq $0, reftally_agent_counted_release@GOTPCREL(%%rip)\n\tjne %l0"
      :
      :
      : "cc"
      : __there);
  return false;
__there:
  _REFTALLY_RARE;
  return true;
}

// To be called where an agent is.
_REFTALLY_INLINE void __tell_acquire(const volatile void* __object, const void* __holder) noexcept {
  unsigned long __used_0, __used_1;
  _REFTALLY_CALL(reftally_agent_acquire_2, __object, "+D"(__object), "+S"(__holder), "=d"(__used_0), "=c"(__used_1));
}

_REFTALLY_INLINE void __tell_release(const volatile void* __object, const void* __holder, long __is_last) noexcept {
  unsigned long __used;
  _REFTALLY_CALL(reftally_agent_release_2, __object, "+D"(__object), "+S"(__holder), "+d"(__is_last), "=c"(__used));
}

// Of an object whose count is an int behind its pointer to virtual functions: whether this is the last, the agent sees
// where it matters. Called before the count changes.
_REFTALLY_INLINE void __tell_counted_release(const volatile void* __object, const void* __holder) noexcept {
  unsigned long __used_0, __used_1;
  _REFTALLY_CALL(reftally_agent_counted_release, __object, "+D"(__object), "+S"(__holder), "=d"(__used_0),
                 "=c"(__used_1));
}

// `__to` null: the reference goes on without a holder.
_REFTALLY_INLINE void __tell_move(const volatile void* __object, const void* __from, const void* __to) noexcept {
  unsigned long __used;
  _REFTALLY_CALL(reftally_agent_move_2, __object, "+D"(__object), "+S"(__from), "+d"(__to), "=c"(__used));
}

// Two holders have changed what they hold; each may be null.
_REFTALLY_INLINE void __tell_swap(const volatile void* __now_in_one, const void* __one,
                                  const volatile void* __now_in_other, const void* __other) noexcept {
  if (__now_in_one == __now_in_other) return;
  if (__now_in_one && __now_in_other)
    _REFTALLY_CALL(reftally_agent_swap_2, __now_in_one, "+D"(__now_in_one), "+S"(__one), "+d"(__now_in_other),
                   "+c"(__other));
  else if (__now_in_one)
    __tell_move(__now_in_one, __other, __one);
  else
    __tell_move(__now_in_other, __one, __other);
}

}  // namespace __reftally

#endif
