// The whole heap as a graph of its types: what they retain as nodes, all references between two types as one edge.
#pragma once

#include <string>

#include "reports/report.h"

namespace reftally {

std::string dot_of_type_map(const ReportOverview& overview, size_t most_edges);

}  // namespace reftally
