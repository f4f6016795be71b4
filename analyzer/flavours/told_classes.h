// Classes of objects that reference count events tell of, though no pointer to any of them was met: a lone lost one.
#pragma once

#include <functional>
#include <vector>

#include "analyzer/image/debug_types.h"
#include "analyzer/image/image.h"
#include "analyzer/layouts/counted_pointers.h"
#include "analyzer/layouts/counters.h"

namespace reftally {

struct ToldClass {
  const Type* pointer = nullptr;  // a class of smart pointers
  const Type* pointee = nullptr;
  Counter counter;
};

// A class is one when smart pointers to it can be, it has the size of a block that an event named, and of all such
// classes it alone has a member that reads as a count and holds what the events add up to, or one more: what it was
// born with. `is_unknown` says of a block that nobody knows what it is.
std::vector<ToldClass> told_classes(const Image& image, const DebugTypes& types, const StatedCounts& stated,
                                    const std::function<bool(uint32_t block)>& is_unknown);

}  // namespace reftally
