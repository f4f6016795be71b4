// Independent pieces of work on a few threads.
#pragma once

#include <cstddef>
#include <functional>

namespace reftally {

// How many threads an analysis works on; at first as many as there are processors for this process.
unsigned worker_threads();
void set_worker_threads(unsigned threads);  // 0: as at first

// Calls work(0) … work(count - 1), on at most `threads` threads at once. When several throw, the exception of the
// lowest index comes out, so that the same input always gives the same error.
void parallel_for(size_t count, unsigned threads, const std::function<void(size_t)>& work);

}  // namespace reftally
