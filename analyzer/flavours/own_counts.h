// Objects that carry their count inside, told by a vote: an integer member of a class is its count when it is never
// less than the number of smart pointers found to the object, and equal for most. Names help where few objects are
// there to vote.
#pragma once

#include <string>
#include <vector>

#include "analyzer/flavours/counted_object.h"
#include "analyzer/image/debug_types.h"
#include "analyzer/image/image.h"
#include "analyzer/layouts/counted_pointers.h"

namespace reftally {

// A smart pointer met on the walk: of a class with the shape of one, and not empty.
struct MetPointer {
  const Type* type = nullptr;
  uint64_t target = 0;
};

// Whether a class has an integer that may be a count, or one whose name says so.
bool may_count(const Type& type, bool by_name);

// Adds the objects to `counted` (whose index must be built anew) and says which classes count them.
CountedPointers find_own_counts(const Image& image, const DebugTypes& types, const std::vector<MetPointer>& met,
                                CountedObjects& counted);

}  // namespace reftally
