// One plain sentence for each finding.
#pragma once

#include <string>

#include "reports/report.h"

namespace reftally {

std::string summarize(const ReportFinding& finding);

}  // namespace reftally
