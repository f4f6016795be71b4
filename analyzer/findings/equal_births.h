// Leaks that differ in the address of a call only, a loop that the compiler unrolled, a function inlined twice, or in
// how a recursion came to be there.
#pragma once

#include <vector>

#include "analyzer/findings/finding.h"

namespace reftally {

// Makes one finding of those of one rule and type whose births read the same, up to the first function that had called
// itself by then. Needs their `born`.
void merge_equal_births(const Heap& heap, std::vector<Finding>& findings);

}  // namespace reftally
