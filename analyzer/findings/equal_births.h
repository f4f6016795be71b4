// Leaks that differ in the address of a call only: a loop that the compiler unrolled, a function inlined twice.
#pragma once

#include <vector>

#include "analyzer/findings/finding.h"

namespace reftally {

// Makes one finding of those of one rule and type whose births read the same. Needs their `born`.
void merge_equal_births(const Heap& heap, std::vector<Finding>& findings);

}  // namespace reftally
