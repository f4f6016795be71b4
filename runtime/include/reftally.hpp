// reftally.h for C++: the same with smart pointers.
#pragma once

#include "reftally.h"

namespace reftally {

inline bool dump() { return reftally_dump() == 0; }

template <class Pointer>
void expect_released(const Pointer& pointer, const char* reason) {
  reftally_expect_released(static_cast<const void*>(&*pointer), reason);
}

inline void add_root_region(const void* begin, const void* end, const char* name) {
  reftally_add_root_region(begin, end, name);
}

}  // namespace reftally
