// One bug is one finding: of leaks that differ in the address of a call only, a loop that the compiler unrolled, a
// function inlined twice, or in how a recursion came to be there; of cycles that differ in whether some word still
// points to them.
#pragma once

#include <vector>

#include "analyzer/findings/finding.h"

namespace reftally {

// Makes one finding of those of one rule and type whose births read the same, up to the first function that had called
// itself by then. Needs their `born`.
void merge_equal_births(const Heap& heap, std::vector<Finding>& findings);

// A cycle that nobody owns is an instance of the unreachable one of its shape: what stale words of a stack lead to is
// another in each run. Needs sizes and advice.
void merge_watched_cycles(const Heap& heap, std::vector<Finding>& findings);

}  // namespace reftally
