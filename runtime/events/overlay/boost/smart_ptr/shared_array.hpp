// Boost's own header, whose boost::shared_array counts by a class that tells Reftally's agent. Found before Boost's with
// `-isystem .../overlay`.
#pragma GCC system_header
#if __cplusplus < 201103L || !defined(__x86_64__) || !defined(__linux__)
#include_next <boost/smart_ptr/shared_array.hpp>
#else
#include <boost/smart_ptr/reftally_shared_count.hpp>
#define shared_count reftally_shared_count
#include_next <boost/smart_ptr/shared_array.hpp>
#undef shared_count
#endif
