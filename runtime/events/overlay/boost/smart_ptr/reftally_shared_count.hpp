// Boost's detail::shared_count with every change of its count told to Reftally's agent; `this` is the holder. What it
// does to the count is Boost's own. Smart pointers of Boost that are compiled with `shared_count` renamed to this have
// it for a base, in the same place and of the same size; those of a part of the program that is built without the
// overlay keep Boost's. An object's first reference is not told: it is the one without an event.
#pragma GCC system_header
#ifndef _REFTALLY_SHARED_COUNT_HPP
#define _REFTALLY_SHARED_COUNT_HPP 1

#include <boost/smart_ptr/detail/shared_count.hpp>
#include <boost/version.hpp>

#if BOOST_VERSION < 106500 || BOOST_VERSION > 108200
#error "Reftally's overlay is proved for boost::shared_ptr of Boost 1.65 to 1.82: build without `reftally cxxflags`"
#endif
#ifdef BOOST_SP_ENABLE_DEBUG_HOOKS
#error "Reftally's overlay does not know BOOST_SP_ENABLE_DEBUG_HOOKS: build without `reftally cxxflags`"
#endif

#include <reftally/tell.h>

namespace boost {
namespace detail {

static_assert(
    sizeof(shared_count) == sizeof(sp_counted_base*),
    "Reftally's overlay knows a boost::detail::shared_count of one pointer: build without `reftally cxxflags`");

class reftally_shared_count : public shared_count {
 public:
  using shared_count::shared_count;

  reftally_shared_count() = default;
  _REFTALLY_INLINE reftally_shared_count(const reftally_shared_count& from) noexcept : shared_count(from) { take(); }
  _REFTALLY_INLINE reftally_shared_count(reftally_shared_count&& from) noexcept
      : shared_count(static_cast<shared_count&&>(from)) {
    if (::__reftally::__is_there() && counts()) ::__reftally::__tell_move(counts(), &from, this);
  }
  _REFTALLY_INLINE reftally_shared_count(const shared_count& from) noexcept : shared_count(from) { take(); }
  _REFTALLY_INLINE reftally_shared_count(shared_count&& from) noexcept
      : shared_count(static_cast<shared_count&&>(from)) {}  // as it was born
  _REFTALLY_INLINE explicit reftally_shared_count(const weak_count& from) : shared_count(from) { take(); }
  _REFTALLY_INLINE reftally_shared_count(const weak_count& from, sp_nothrow_tag tag) noexcept
      : shared_count(from, tag) {
    take();
  }

  // Told before it is done: afterwards the address may belong to another object.
  _REFTALLY_INLINE ~reftally_shared_count() { give(); }

  _REFTALLY_INLINE reftally_shared_count& operator=(const reftally_shared_count& from) noexcept {
    if (from.counts() == counts()) return *this;
    if (::__reftally::__is_there()) {
      if (counts()) ::__reftally::__tell_counted_release(counts(), this);
      if (from.counts()) ::__reftally::__tell_acquire(from.counts(), this);
    }
    shared_count::operator=(from);
    return *this;
  }
  _REFTALLY_INLINE reftally_shared_count& operator=(reftally_shared_count&& from) noexcept {
    reftally_shared_count(static_cast<reftally_shared_count&&>(from)).swap(*this);
    return *this;
  }

  _REFTALLY_INLINE void swap(reftally_shared_count& other) noexcept {
    shared_count::swap(other);
    if (::__reftally::__is_there()) ::__reftally::__tell_swap(counts(), this, other.counts(), &other);
  }

 private:
  // Boost keeps it private; it is all there is.
  _REFTALLY_INLINE sp_counted_base* counts() const noexcept {
    return *reinterpret_cast<sp_counted_base* const*>(static_cast<const shared_count*>(this));
  }
  _REFTALLY_INLINE void take() const noexcept {
    if (counts() && ::__reftally::__is_there()) ::__reftally::__tell_acquire(counts(), this);
  }
  _REFTALLY_INLINE void give() const noexcept {
    if (counts() && ::__reftally::__is_there()) ::__reftally::__tell_counted_release(counts(), this);
  }
};

static_assert(sizeof(reftally_shared_count) == sizeof(shared_count), "");

}  // namespace detail
}  // namespace boost

#endif
