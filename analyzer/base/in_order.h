// Work that several threads do in pieces, while what it gives is taken piece by piece in order, by one thread at a
// time: whatever is made of it is the same for any number of threads, and so is the error when there is one.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>

#include "analyzer/base/parallel.h"

namespace reftally {

template <class Result, class Take>
class InOrder {
 public:
  InOrder(Take& take, size_t ahead) : take_(take), ahead_(ahead) {}

  // False when an earlier piece has failed. Waits until the piece is one of the next: what is made waits in memory.
  bool may_make(size_t piece) {
    std::unique_lock lock(mutex_);
    moved_.wait(lock, [&] { return piece < next_ + ahead_ || failure_; });
    return !failure_;
  }

  struct Made {
    std::optional<Result> result;
    std::exception_ptr failure;  // instead
  };
  void hand_in(size_t piece, Made made) {
    std::unique_lock lock(mutex_);
    waiting_.emplace(piece, std::move(made));
    if (is_taking_) return;
    is_taking_ = true;
    while (!failure_ && !waiting_.empty() && waiting_.begin()->first == next_) {
      Made first = std::move(waiting_.extract(waiting_.begin()).mapped());
      lock.unlock();
      if (!first.failure) first.failure = take(std::move(*first.result));
      lock.lock();
      failure_ = first.failure;
      ++next_;
      moved_.notify_all();
    }
    is_taking_ = false;
  }

  void finish() {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  std::exception_ptr take(Result&& result) noexcept {
    try {
      take_(std::move(result));
      return nullptr;
    } catch (...) {
      return std::current_exception();
    }
  }

  Take& take_;
  const size_t ahead_;
  std::mutex mutex_;
  std::condition_variable moved_;
  std::map<size_t, Made> waiting_;  // by piece
  size_t next_ = 0;                 // to be taken
  bool is_taking_ = false;
  std::exception_ptr failure_;
};

// Calls take(make(0)) … take(make(count - 1)). make runs on any thread, take in this order.
template <class Make, class Take>
void in_order(size_t count, Make make, Take take) {
  const unsigned threads = worker_threads();
  if (threads == 1 || count <= 1) {
    for (size_t piece = 0; piece < count; ++piece) take(make(piece));
    return;
  }
  using Result = std::invoke_result_t<Make, size_t>;
  constexpr size_t kAheadOfEach = 4;
  InOrder<Result, Take> order(take, kAheadOfEach * threads);
  parallel_for(count, threads, [&](size_t piece) {
    if (!order.may_make(piece)) return;
    typename InOrder<Result, Take>::Made made;
    try {
      made.result = make(piece);
    } catch (...) {
      made.failure = std::current_exception();
    }
    order.hand_in(piece, std::move(made));
  });
  order.finish();
}

// The rows [first, last) of a table, in pieces of a size that is worth a thread's while.
struct RowRange {
  uint32_t first, last;
};
template <class Make, class Take>
void in_order_by_rows(uint32_t rows, Make make, Take take) {
  constexpr uint32_t kRows = 2048;
  in_order((size_t{rows} + kRows - 1) / kRows,
           [&](size_t piece) {
             const auto first = static_cast<uint32_t>(piece * kRows);
             return make(RowRange{first, rows - first < kRows ? rows : first + kRows});
           },
           std::move(take));
}

}  // namespace reftally
