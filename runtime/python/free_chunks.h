// Freed memory in glibc's main heap, where stale pointers lie: a freed list's items, a freed dictionary's table.
#pragma once

#include "runtime/python/interpreter.h"
#include "runtime/python/memory.h"

namespace reftally::python {

class FreeChunks {
 public:
  void reserve() noexcept;
  // Walks the chunks of [heap] from its begin on. A heap that is not glibc's is left alone: nothing in it is free.
  void find(Address begin, Address end) noexcept;
  bool contains(Address place) const noexcept;

 private:
  struct Range {
    Address begin, end;
  };
  void add_thread_cache(Address cache, Address end) noexcept;

  Column<Range> ranges_;    // by address
  Column<Address> cached_;  // blocks in the main thread's cache, which look as if in use
};

}  // namespace reftally::python
