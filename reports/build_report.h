// From findings (ids) to a report (names and numbers): the last step that looks at the heap.
#pragma once

#include <functional>
#include <span>

#include "analyzer/analysis.h"
#include "analyzer/history.h"
#include "reports/report.h"

namespace reftally {

// Innermost first; empty when unknown. Given by the caller, for a report knows nothing of symbols.
using FramesOf = std::function<std::vector<SourceFrame>(StackId)>;

// The overview costs a dominator tree of the whole heap; only some formats show it. `history`: the snapshots of the
// process that are known, oldest first; the last is the one analyzed.
Report build_report(const Analysis& analysis, const Image* image, const FramesOf& frames_of, bool with_overview = false,
                    std::span<const SnapshotState> history = {});

}  // namespace reftally
