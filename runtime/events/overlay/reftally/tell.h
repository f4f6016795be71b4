// How the headers of the overlay tell the agent of a change of a count. Inlined always, so that the agent sees the
// program's own frame as its caller; names are the implementation's, for these headers stand before the program's.
#pragma GCC system_header
#ifndef _REFTALLY_TELL_H
#define _REFTALLY_TELL_H 1

extern "C" __attribute__((__weak__)) void reftally_agent_reference(unsigned, const void*, const void*, const void*);

#define _REFTALLY_INLINE __attribute__((__always_inline__)) inline

namespace __reftally {

typedef void (*__reference)(unsigned, const void*, const void*, const void*);
// As in reftally.h.
enum : unsigned { __told_acquire = 1, __told_release = 2, __told_release_last = 3, __told_move = 4 };

// Null when there is no agent. Read from the global offset table: in an executable that is not position independent, a
// plain reference to a weak symbol is settled as null by the linker.
_REFTALLY_INLINE __reference __agent() noexcept {
  __reference __found;
  __asm__(".weak reftally_agent_reference\n\tmovq reftally_agent_reference@GOTPCREL(%%rip), %0" : "=r"(__found));
  return __found;
}

_REFTALLY_INLINE bool __is_there(__reference __agent) noexcept { return __builtin_expect(__agent != nullptr, 0); }

// The empty statement keeps the call from being a jump, which would take the caller out of the call stack.
_REFTALLY_INLINE void __tell(unsigned __what, const volatile void* __object, const void* __holder,
                             const void* __from = nullptr) noexcept {
  const __reference __to = __agent();
  if (!__is_there(__to)) return;
  __to(__what, const_cast<const void*>(__object), __holder, __from);
  __asm__ __volatile__("");
}

}  // namespace __reftally

#endif
