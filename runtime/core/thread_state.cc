#include "runtime/core/thread_state.h"

#include <pthread.h>

#include "runtime/core/growing_memory.h"
#include "runtime/core/reentry_guard.h"

namespace reftally::runtime {

constinit thread_local ThreadState* own_state = nullptr;

namespace {

GrowingArray<ThreadState, 0> rows;
std::atomic<uint32_t> rows_used{0};
std::atomic<uint64_t> free_rows{0};  // row + 1 of the first, 0 none; counted in the high half, so that no ABA
std::atomic<uint64_t> uncounted{0};  // allocations of threads without a row
std::atomic<bool> rows_ran_out{false};
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

ThreadState* fresh_row() noexcept {
  uint32_t number = rows_used.load(std::memory_order_relaxed);
  ThreadState* row = nullptr;
  do {
    row = number < kMaxThreads ? rows.make(number) : nullptr;
    if (row == nullptr) return nullptr;
  } while (!rows_used.compare_exchange_weak(number, number + 1));
  row->number = number;
  return row;
}

void give_back(void* state) {
  ReentryGuard guard;
  auto* row = static_cast<ThreadState*>(state);
  own_state = nullptr;
  row->epoch.fetch_add(1, std::memory_order_relaxed);
  uint64_t head = free_rows.load(std::memory_order_acquire);
  do row->next_free = static_cast<uint32_t>(head);
  while (
      !free_rows.compare_exchange_weak(head, ((head >> 32) + 1) << 32 | (row->number + 1), std::memory_order_acq_rel));
}

}  // namespace

ThreadState* take_thread_row() noexcept {
  ThreadState* row = reuse_row();
  if (row == nullptr) row = fresh_row();
  if (row == nullptr) {
    rows_ran_out.store(true, std::memory_order_relaxed);
    return nullptr;
  }
  own_state = row;
  if (watching) pthread_setspecific(exit_key, row);  // one of the first 32 keys: allocates nothing
  return row;
}

bool create_thread_states() noexcept { return rows.make(0) != nullptr; }

void watch_thread_exits() noexcept { watching = pthread_key_create(&exit_key, give_back) == 0; }

uint32_t thread_row_count() noexcept { return rows_used.load(std::memory_order_relaxed); }

void forget_last_stacks() noexcept {
  for (uint32_t i = 0; i < thread_row_count(); i++) rows[i].epoch.fetch_add(1, std::memory_order_relaxed);
}

uint64_t total_allocations() noexcept {
  uint64_t total = uncounted.load(std::memory_order_relaxed);
  for (uint32_t i = 0; i < thread_row_count(); i++) total += rows[i].allocations.load(std::memory_order_relaxed);
  return total;
}

void count_allocation_without_state() noexcept { uncounted.fetch_add(1, std::memory_order_relaxed); }

bool some_threads_had_no_state() noexcept { return rows_ran_out.load(std::memory_order_relaxed); }

}  // namespace reftally::runtime
