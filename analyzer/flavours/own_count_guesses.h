// Objects with a count inside that nothing known leads to: those of a dead cycle, whose class has no vtable to tell it.
// A block is taken for an object of a class when its size fits, every smart pointer in it leads to such a block again,
// and one leads to it. Whether the counts agree is for the vote to say (own_counts.h).
#pragma once

#include <functional>
#include <vector>

#include "analyzer/flavours/own_counts.h"

namespace reftally {

// Smart pointers inside such objects. `met` are those of the objects that are known: where a class is not among them,
// only a name makes its pointee a candidate. `is_unknown` says of a block that nobody knows what it is.
std::vector<MetPointer> guess_own_objects(const Image& image, const DebugTypes& types, const CountedObjects& counted,
                                          const std::vector<MetPointer>& met,
                                          const std::function<bool(uint32_t block)>& is_unknown);

}  // namespace reftally
