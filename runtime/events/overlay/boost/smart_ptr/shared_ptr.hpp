// Boost's own header, whose boost::shared_ptr counts by a class that tells Reftally's agent. Found before Boost's with
// `-isystem .../overlay`.
#pragma GCC system_header
#if __cplusplus < 201103L || !defined(__x86_64__) || !defined(__linux__)
#include_next <boost/smart_ptr/shared_ptr.hpp>
#else
#include <boost/smart_ptr/reftally_shared_count.hpp>
// What these say of shared_count is Boost's.
#include <boost/smart_ptr/detail/sp_convertible.hpp>
#include <boost/smart_ptr/detail/sp_noexcept.hpp>
#if defined(__has_include)
#if __has_include(<boost/smart_ptr/detail/local_counted_base.hpp>)
#include <boost/smart_ptr/detail/local_counted_base.hpp>
#endif
#endif
#define shared_count reftally_shared_count
#include_next <boost/smart_ptr/shared_ptr.hpp>
#undef shared_count
#endif
