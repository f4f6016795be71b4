// libstdc++'s <bits/shared_ptr_base.h>, and then every change of a std::shared_ptr's count told to Reftally's agent.
//
// On the command line as `-isystem .../overlay` this file is found before the library's own, includes that one
// unchanged, and specializes the few members of __shared_count that take, give back or hand over a reference. They do
// what the library's do; `this` is the holder. They are inlined always: a part of the program that is built without the
// overlay keeps the library's functions, and the linker cannot mix the two. The first reference of an object is not
// told: it is the one without an event. Sizes, layouts and mangled names stay as they are.
#pragma GCC system_header
#include_next <bits/shared_ptr_base.h>
#ifndef _REFTALLY_SHARED_PTR_BASE_H
#define _REFTALLY_SHARED_PTR_BASE_H 1

#if !defined(_GLIBCXX_RELEASE) || _GLIBCXX_RELEASE < 11 || _GLIBCXX_RELEASE > 12
#error "Reftally's overlay is proved for libstdc++ 11 and 12, and this is another: build without `reftally cxxflags`"
#endif
#if !defined(__x86_64__) || !defined(__linux__)
#error "Reftally's overlay is for Linux on x86-64: build without `reftally cxxflags`"
#endif

#include <reftally/tell.h>

namespace std _GLIBCXX_VISIBILITY(default) {
_GLIBCXX_BEGIN_NAMESPACE_VERSION

static_assert(__gnu_cxx::__default_lock_policy == __gnu_cxx::_S_atomic,
              "Reftally's overlay knows the atomic counts only: build without `reftally cxxflags`");

_REFTALLY_INLINE void __reftally_add_ref(_Sp_counted_base<__gnu_cxx::_S_atomic>* __pi, const void* __holder) noexcept {
  __pi->_M_add_ref_copy();
  if (::__reftally::__is_there()) ::__reftally::__tell_acquire(__pi, __holder);
}

// Told before it is done: afterwards the address may belong to another object.
_REFTALLY_INLINE void __reftally_drop_ref(_Sp_counted_base<__gnu_cxx::_S_atomic>* __pi, const void* __holder) noexcept {
  if (::__reftally::__is_there()) ::__reftally::__tell_counted_release(__pi, __holder);
  __pi->_M_release();
}

template <>
_REFTALLY_INLINE __shared_count<__gnu_cxx::_S_atomic>::~__shared_count() noexcept {
  if (_M_pi) __reftally_drop_ref(_M_pi, this);
}

template <>
_REFTALLY_INLINE __shared_count<__gnu_cxx::_S_atomic>::__shared_count(const __shared_count& __r) noexcept
    : _M_pi(__r._M_pi) {
  if (_M_pi) __reftally_add_ref(_M_pi, this);
}

template <>
_REFTALLY_INLINE __shared_count<__gnu_cxx::_S_atomic>& __shared_count<__gnu_cxx::_S_atomic>::operator=(
    const __shared_count& __r) noexcept {
  _Sp_counted_base<__gnu_cxx::_S_atomic>* const __fresh = __r._M_pi;
  if (__fresh == _M_pi) return *this;
  if (__fresh) __fresh->_M_add_ref_copy();
  if (::__reftally::__is_there()) {  // of both at once: one test, where the compiler lets both go on in a line
    if (_M_pi) ::__reftally::__tell_counted_release(_M_pi, this);
    if (__fresh) ::__reftally::__tell_acquire(__fresh, this);
  }
  if (_M_pi) _M_pi->_M_release();
  _M_pi = __fresh;
  return *this;
}

template <>
_REFTALLY_INLINE void __shared_count<__gnu_cxx::_S_atomic>::_M_swap(__shared_count& __r) noexcept {
  _Sp_counted_base<__gnu_cxx::_S_atomic>* const __mine = _M_pi;
  _Sp_counted_base<__gnu_cxx::_S_atomic>* const __theirs = __r._M_pi;
  _M_pi = __theirs;
  __r._M_pi = __mine;
  if (::__reftally::__is_there()) ::__reftally::__tell_swap(__theirs, this, __mine, &__r);
}

template <>
_REFTALLY_INLINE __shared_count<__gnu_cxx::_S_atomic>::__shared_count(const __weak_count<__gnu_cxx::_S_atomic>& __r)
    : _M_pi(__r._M_pi) {
  if (!_M_pi || !_M_pi->_M_add_ref_lock_nothrow()) __throw_bad_weak_ptr();
  if (::__reftally::__is_there()) ::__reftally::__tell_acquire(_M_pi, this);
}

template <>
_REFTALLY_INLINE __shared_count<__gnu_cxx::_S_atomic>::__shared_count(const __weak_count<__gnu_cxx::_S_atomic>& __r,
                                                                      std::nothrow_t) noexcept
    : _M_pi(__r._M_pi) {
  if (_M_pi && !_M_pi->_M_add_ref_lock_nothrow()) _M_pi = nullptr;
  if (!_M_pi) return;
  if (::__reftally::__is_there()) ::__reftally::__tell_acquire(_M_pi, this);
}

_GLIBCXX_END_NAMESPACE_VERSION
}  // namespace std _GLIBCXX_VISIBILITY(default)

#endif
