// The function behind a hook of a library that may be anywhere: in the global scope after us, where a dlopen has put it
// out of that scope (Python's gi), or inside a plugin that was linked with a copy of its own. Who calls tells which.
#pragma once

#include <atomic>
#include <cstdint>

#include "runtime/core/reentry_guard.h"

namespace reftally::runtime {

// By dlsym: the next in the global scope, or nullptr.
void* next_global(const char* symbol) noexcept;
// What the symbol is for the code at `caller`: in its own library and those it depends on, or in `library`. Never
// `hook`. nullptr when there is none.
void* next_of_caller(const char* symbol, uint64_t caller, const void* hook, const char* library) noexcept;

// What callers by page of code have been told; entries are added and never change, but for forget().
class CallerCache {
 public:
  void* find(uint64_t caller) const noexcept {
    for (uint64_t tries = 0, page = caller >> kPage; tries < kTries; tries++) {
      const Entry& entry = entries_[(page + tries) % kEntries];
      if (entry.page.load(std::memory_order_acquire) == page << 1)
        return entry.function.load(std::memory_order_relaxed);
    }
    return nullptr;
  }
  void add(uint64_t caller, void* function) noexcept {
    for (uint64_t tries = 0, page = caller >> kPage; tries < kTries; tries++) {
      Entry& entry = entries_[(page + tries) % kEntries];
      uint64_t there = 0;
      if (!entry.page.compare_exchange_strong(there, page << 1 | 1)) continue;  // taken, or being filled
      entry.function.store(function, std::memory_order_relaxed);
      entry.page.store(page << 1, std::memory_order_release);
      return;
    }
  }

 private:
  static constexpr uint64_t kEntries = 128, kTries = 8, kPage = 12;
  struct Entry {
    std::atomic<uint64_t> page;  // twice its number; odd while it is filled; 0 free
    std::atomic<void*> function;
  };
  Entry entries_[kEntries];
};

template <class Function>
class FunctionBehind {
 public:
  Function* get(const char* symbol, uint64_t caller, const void* hook, const char* library) noexcept {
    void* found = global_.load(std::memory_order_relaxed);
    if (found == nullptr) [[unlikely]] {
      ReentryGuard guard;
      found = next_global(symbol);
      if (found != nullptr) {
        global_.store(found, std::memory_order_relaxed);
      } else if ((found = callers_.find(caller)) == nullptr) {
        found = next_of_caller(symbol, caller, hook, library);
        if (found != nullptr) callers_.add(caller, found);
      }
    }
    return reinterpret_cast<Function*>(found);
  }

 private:
  std::atomic<void*> global_{nullptr};
  CallerCache callers_;
};

}  // namespace reftally::runtime
