// The steps of a cycle or path as a reader thinks of them: from counted object to counted object.
#pragma once

#include <vector>

#include "analyzer/findings/finding.h"
#include "reports/report.h"

namespace reftally {

struct ReadStep {
  ObjectId from, to;
  uint64_t first_reference, last_reference;  // rows of Heap::referent
  ReportEdge edge;
};

// Blocks in between are folded into the text of the reference that entered them. `weaken` are the labels the advice is
// about.
std::vector<ReadStep> read_steps(const Heap& heap, const std::vector<PathStep>& steps,
                                 const std::vector<LabelId>& weaken);

ReportEdge edge_of_reference(const Heap& heap, uint64_t reference, bool with_element,
                             const std::vector<LabelId>& weaken);
ReportEdge edge_of_root(const Heap& heap, const HeapRoot& root);

}  // namespace reftally
