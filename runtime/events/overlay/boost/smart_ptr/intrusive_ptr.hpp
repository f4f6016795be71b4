// boost::intrusive_ptr as Boost documents it (1.53 to 1.8x: the interface and the one-pointer layout are the same),
// told to Reftally's agent: each acquire, release and move with its holder, `this`. Found before Boost's own header
// with
// `-isystem .../overlay`. The class is written anew because a template's members cannot be specialized for all
// arguments at once. Everything is inlined always: parts of a program that are built without the overlay keep Boost's
// functions. Calls of intrusive_ptr_add_ref() by hand are not told; the audit of counts then says so.
#pragma GCC system_header
#if __cplusplus < 201103L || !defined(__x86_64__) || !defined(__linux__)
#include_next <boost/smart_ptr/intrusive_ptr.hpp>
#elif !defined(BOOST_SMART_PTR_INTRUSIVE_PTR_HPP_INCLUDED)
#define BOOST_SMART_PTR_INTRUSIVE_PTR_HPP_INCLUDED

#include <reftally/tell.h>

#include <boost/assert.hpp>
#include <cstddef>
#include <functional>
#include <iosfwd>
#include <type_traits>

namespace boost {

template <class T>
class intrusive_ptr {
 public:
  typedef T element_type;

  _REFTALLY_INLINE constexpr intrusive_ptr() noexcept : px(nullptr) {}
  _REFTALLY_INLINE intrusive_ptr(T* p, bool add_ref = true) : px(p) {
    if (px && add_ref) take();
  }
  _REFTALLY_INLINE intrusive_ptr(const intrusive_ptr& from) : px(from.px) {
    if (px) take();
  }
  template <class U, class = typename std::enable_if<std::is_convertible<U*, T*>::value>::type>
  _REFTALLY_INLINE intrusive_ptr(const intrusive_ptr<U>& from) : px(from.get()) {
    if (px) take();
  }
  _REFTALLY_INLINE intrusive_ptr(intrusive_ptr&& from) noexcept : px(from.px) { take_over(from); }
  template <class U, class = typename std::enable_if<std::is_convertible<U*, T*>::value>::type>
  _REFTALLY_INLINE intrusive_ptr(intrusive_ptr<U>&& from) noexcept : px(from.px) {
    take_over(from);
  }
  _REFTALLY_INLINE ~intrusive_ptr() {
    if (!px) return;
    if (::__reftally::__is_there())
      ::__reftally::__tell_release(px, this, 0);  // afterwards the address may be another's
    intrusive_ptr_release(px);
  }

  _REFTALLY_INLINE intrusive_ptr& operator=(const intrusive_ptr& from) {
    intrusive_ptr(from).swap(*this);
    return *this;
  }
  template <class U>
  _REFTALLY_INLINE intrusive_ptr& operator=(const intrusive_ptr<U>& from) {
    intrusive_ptr(from).swap(*this);
    return *this;
  }
  _REFTALLY_INLINE intrusive_ptr& operator=(intrusive_ptr&& from) noexcept {
    intrusive_ptr(static_cast<intrusive_ptr&&>(from)).swap(*this);
    return *this;
  }
  template <class U>
  _REFTALLY_INLINE intrusive_ptr& operator=(intrusive_ptr<U>&& from) noexcept {
    intrusive_ptr(static_cast<intrusive_ptr<U>&&>(from)).swap(*this);
    return *this;
  }
  _REFTALLY_INLINE intrusive_ptr& operator=(T* p) {
    intrusive_ptr(p).swap(*this);
    return *this;
  }

  _REFTALLY_INLINE void reset() { intrusive_ptr().swap(*this); }
  _REFTALLY_INLINE void reset(T* p) { intrusive_ptr(p).swap(*this); }
  _REFTALLY_INLINE void reset(T* p, bool add_ref) { intrusive_ptr(p, add_ref).swap(*this); }

  _REFTALLY_INLINE T* get() const noexcept { return px; }
  // The reference goes on without a holder.
  _REFTALLY_INLINE T* detach() noexcept {
    T* const p = px;
    px = nullptr;
    if (::__reftally::__is_there() && p) ::__reftally::__tell_move(p, this, nullptr);
    return p;
  }

  _REFTALLY_INLINE T& operator*() const noexcept {
    BOOST_ASSERT(px != nullptr);
    return *px;
  }
  _REFTALLY_INLINE T* operator->() const noexcept {
    BOOST_ASSERT(px != nullptr);
    return px;
  }
  _REFTALLY_INLINE explicit operator bool() const noexcept { return px != nullptr; }
  _REFTALLY_INLINE bool operator!() const noexcept { return px == nullptr; }

  _REFTALLY_INLINE void swap(intrusive_ptr& other) noexcept {
    T* const mine = px;
    px = other.px;
    other.px = mine;
    if (::__reftally::__is_there()) ::__reftally::__tell_swap(px, this, mine, &other);
  }

 private:
  template <class U>
  friend class intrusive_ptr;

  _REFTALLY_INLINE void take() {
    intrusive_ptr_add_ref(px);
    if (::__reftally::__is_there()) ::__reftally::__tell_acquire(px, this);
  }
  template <class U>
  _REFTALLY_INLINE void take_over(intrusive_ptr<U>& from) noexcept {
    from.px = nullptr;
    if (::__reftally::__is_there() && px) ::__reftally::__tell_move(px, &from, this);
  }

  T* px;
};

#define REFTALLY_COMPARE(op)                                                                         \
  template <class T, class U>                                                                        \
  _REFTALLY_INLINE bool operator op(const intrusive_ptr<T>& a, const intrusive_ptr<U>& b) noexcept { \
    return a.get() op b.get();                                                                       \
  }                                                                                                  \
  template <class T, class U>                                                                        \
  _REFTALLY_INLINE bool operator op(const intrusive_ptr<T>& a, U* b) noexcept {                      \
    return a.get() op b;                                                                             \
  }                                                                                                  \
  template <class T, class U>                                                                        \
  _REFTALLY_INLINE bool operator op(T* a, const intrusive_ptr<U>& b) noexcept {                      \
    return a op b.get();                                                                             \
  }                                                                                                  \
  template <class T>                                                                                 \
  _REFTALLY_INLINE bool operator op(const intrusive_ptr<T>& a, std::nullptr_t) noexcept {            \
    return a.get() op nullptr;                                                                       \
  }                                                                                                  \
  template <class T>                                                                                 \
  _REFTALLY_INLINE bool operator op(std::nullptr_t, const intrusive_ptr<T>& b) noexcept {            \
    return nullptr op b.get();                                                                       \
  }
REFTALLY_COMPARE(==)
REFTALLY_COMPARE(!=)
#undef REFTALLY_COMPARE

template <class T>
_REFTALLY_INLINE bool operator<(const intrusive_ptr<T>& a, const intrusive_ptr<T>& b) noexcept {
  return std::less<T*>()(a.get(), b.get());
}
template <class T>
_REFTALLY_INLINE void swap(intrusive_ptr<T>& a, intrusive_ptr<T>& b) noexcept {
  a.swap(b);
}
template <class T>
_REFTALLY_INLINE T* get_pointer(const intrusive_ptr<T>& p) noexcept {
  return p.get();
}

#define REFTALLY_CAST(cast)                                                          \
  template <class T, class U>                                                        \
  _REFTALLY_INLINE intrusive_ptr<T> cast##_pointer_cast(const intrusive_ptr<U>& p) { \
    return cast##_cast<T*>(p.get());                                                 \
  }                                                                                  \
  template <class T, class U>                                                        \
  _REFTALLY_INLINE intrusive_ptr<T> cast##_pointer_cast(intrusive_ptr<U>&& p) {      \
    T* const found = cast##_cast<T*>(p.get());                                       \
    intrusive_ptr<T> cast_pointer(found);                                            \
    if (found) p.reset();                                                            \
    return cast_pointer;                                                             \
  }
REFTALLY_CAST(static)
REFTALLY_CAST(const)
REFTALLY_CAST(dynamic)
#undef REFTALLY_CAST

template <class E, class Traits, class T>
std::basic_ostream<E, Traits>& operator<<(std::basic_ostream<E, Traits>& out, const intrusive_ptr<T>& p) {
  out << p.get();
  return out;
}

template <class T>
struct hash;
template <class T>
std::size_t hash_value(const intrusive_ptr<T>& p) noexcept {
  return hash<T*>()(p.get());
}

}  // namespace boost

namespace std {
template <class T>
struct hash< ::boost::intrusive_ptr<T> > {
  std::size_t operator()(const ::boost::intrusive_ptr<T>& p) const noexcept { return std::hash<T*>()(p.get()); }
};
}  // namespace std

#endif
