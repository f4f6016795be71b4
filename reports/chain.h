// Long cycles and paths, cut to what can be drawn.
#pragma once

#include <vector>

#include "reports/steps.h"

namespace reftally {

// What a chain shows of its steps: [first, last] is one object, or the ones left out.
struct Link {
  size_t first, last;
  bool elided() const { return first != last || is_elided; }
  bool is_elided = false;
};

// Object i of a chain is steps[i].from. Of objects that are entered and left alike the first and last are shown;
// of what is still too long, both ends.
std::vector<Link> fold_chain(const Heap& heap, const std::vector<ReadStep>& steps);

// The steps as text: all of them, or, of a long chain, the links. What is left out is counted.
std::vector<ReportEdge> told_steps(const Heap& heap, const std::vector<ReadStep>& steps);

}  // namespace reftally
