#include "runtime/core/thread_state.h"

#include <pthread.h>

#include "runtime/core/reentry_guard.h"
#include "runtime/core/system.h"

namespace reftally::runtime {
namespace {

ThreadState* rows = nullptr;
std::atomic<uint32_t> rows_used{0};
std::atomic<uint64_t> free_rows{0};  // row + 1 of the first, 0 none; counted in the high half, so that no ABA
std::atomic<uint64_t> uncounted{0};  // allocations of threads without a row
pthread_key_t exit_key;
bool watching = false;

ThreadState* reuse_row() noexcept {
  uint64_t head = free_rows.load(std::memory_order_acquire);
  while (static_cast<uint32_t>(head) != 0) {
    ThreadState& row = rows[static_cast<uint32_t>(head) - 1];
    if (free_rows.compare_exchange_weak(head, ((head >> 32) + 1) << 32 | row.next_free, std::memory_order_acq_rel))
      return &row;
  }
  return nullptr;
}

void give_back(void* state) {
  ReentryGuard guard;
  auto* row = static_cast<ThreadState*>(state);
  own_state = nullptr;
  row->last_stack.count = 0;
  row->earlier_threads++;
  uint64_t head = free_rows.load(std::memory_order_acquire);
  do row->next_free = static_cast<uint32_t>(head);
  while (!free_rows.compare_exchange_weak(head, ((head >> 32) + 1) << 32 | static_cast<uint32_t>(row - rows + 1),
                                          std::memory_order_acq_rel));
}

}  // namespace

ThreadState* take_thread_row() noexcept {
  ThreadState* row = reuse_row();
  if (row == nullptr) {
    const uint32_t fresh =
        rows_used.load(std::memory_order_relaxed) < kMaxThreads ? rows_used.fetch_add(1) : kMaxThreads;
    if (fresh >= kMaxThreads) return nullptr;
    row = rows + fresh;
  }
  own_state = row;
  if (watching) pthread_setspecific(exit_key, row);  // one of the first 32 keys: allocates nothing
  return row;
}

bool create_thread_states() noexcept {
  rows = static_cast<ThreadState*>(map_memory(kMaxThreads * sizeof(ThreadState)));
  return rows != nullptr;
}

void watch_thread_exits() noexcept { watching = pthread_key_create(&exit_key, give_back) == 0; }

uint32_t thread_row(const ThreadState& thread) noexcept { return static_cast<uint32_t>(&thread - rows); }

uint32_t thread_row_count() noexcept {
  const uint32_t used = rows_used.load(std::memory_order_relaxed);
  return used < kMaxThreads ? used : kMaxThreads;
}

uint64_t total_allocations() noexcept {
  uint64_t total = uncounted.load(std::memory_order_relaxed);
  for (uint32_t i = 0; i < thread_row_count(); i++) total += rows[i].allocations.load(std::memory_order_relaxed);
  return total;
}

void count_allocation_without_state() noexcept { uncounted.fetch_add(1, std::memory_order_relaxed); }

}  // namespace reftally::runtime
