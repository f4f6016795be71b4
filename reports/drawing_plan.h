// Chooses what a finding's picture shows: the cycle or path, and what hangs below it, folded by type.
#pragma once

#include <string>

#include "reports/build_report.h"

namespace reftally {

// Fills cycle, path, nodes and edges of `result`.
void plan_drawing(const Analysis& analysis, const Finding& finding, const FramesOf& frames, ReportFinding& result);

std::string member_name(const Heap& heap, uint64_t reference);  // "Child::parent_"

}  // namespace reftally
