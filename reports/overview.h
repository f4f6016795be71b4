// The whole heap in a few hundred rows: sizes by type, library and birth, the top of the dominator tree, and a map of
// the types and the references between them. It grows with the number of types and call stacks, not with objects.
#pragma once

#include "reports/build_report.h"

namespace reftally {

ReportOverview build_overview(const Analysis& analysis, const FramesOf& frames_of);

}  // namespace reftally
