// Independent pieces of work on a few threads.
#pragma once

#include <cstddef>
#include <functional>

namespace reftally {

// Calls work(0) … work(count - 1), on at most `threads` threads at once. When several throw, the exception of the
// lowest index comes out, so that the same input always gives the same error.
void parallel_for(size_t count, unsigned threads, const std::function<void(size_t)>& work);

}  // namespace reftally
