// Chooses what a finding's drawing shows: the cycle or path in full, and everything else folded by shape.
#pragma once

#include <vector>

#include "analyzer/analysis.h"
#include "reports/referrers.h"
#include "reports/report.h"

namespace reftally {

inline constexpr size_t kMostNodes = 60;  // more cannot be read, and dot takes over a second (research/graph.md, 4)
inline constexpr size_t kMostEdges = 120;

// Objects that a drawing of `finding` shows as themselves: those whose referrers it wants to know.
std::vector<ObjectId> drawn_objects(const Finding& finding);

// Fills nodes, edges and ring of `result`, whose cycle and path are there already. Returns the object each node
// stands for or is an example of; kNoObject for roots and for what is left out.
std::vector<ObjectId> plan_drawing(const Analysis& analysis, const Finding& finding, const ReferrerTable& referrers,
                                   ReportFinding& result);

}  // namespace reftally
