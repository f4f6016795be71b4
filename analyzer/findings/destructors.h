// What types tell of the destructors that a finding is about. A cycle's never run: what they would have released stays.
#pragma once

#include <vector>

#include "analyzer/findings/finding.h"
#include "analyzer/image/debug_types.h"

namespace reftally {

// Adds evidence to cycles and lost objects; takes back chains whose class has a destructor of its own, which may unlink
// them in a loop.
void judge_by_destructors(const Heap& heap, const Image& image, const DebugTypes& types,
                          std::vector<Finding>& findings);

}  // namespace reftally
