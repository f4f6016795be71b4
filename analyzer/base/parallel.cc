#include "analyzer/base/parallel.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace reftally {

namespace {

std::atomic<unsigned> g_threads = 0;

unsigned processors() {
  cpu_set_t mine;
  return sched_getaffinity(0, sizeof mine, &mine) == 0 ? static_cast<unsigned>(CPU_COUNT(&mine)) : 1;
}

}  // namespace

unsigned worker_threads() {
  const unsigned asked = g_threads;
  return asked != 0 ? asked : std::max(processors(), 1u);
}

void set_worker_threads(unsigned threads) { g_threads = threads; }

void parallel_for(size_t count, unsigned threads, const std::function<void(size_t)>& work) {
  std::atomic<size_t> next = 0;
  std::mutex mutex;
  std::exception_ptr failure;
  size_t failed_index = count;
  auto run = [&] {
    for (size_t i; (i = next.fetch_add(1)) < count;) {
      try {
        work(i);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (i < failed_index) failure = std::current_exception();
        failed_index = std::min(failed_index, i);
        next = count;  // indexes below i have been handed out already: each of them still runs
      }
    }
  };
  std::vector<std::jthread> helpers;
  try {
    for (unsigned i = 1; i < threads && i < count; ++i) helpers.emplace_back(run);
  } catch (const std::system_error&) {  // no room for another stack: then fewer
  }
  run();
  helpers.clear();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace reftally
