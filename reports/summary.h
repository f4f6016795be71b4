// One plain sentence for each finding.
#pragma once

#include <string>

#include "reports/report.h"

namespace reftally {

std::string summarize(const ReportFinding& finding);
// The same without numbers, so that a file that is reviewed changes only when a finding does.
std::string lasting_summary(const ReportFinding& finding);

}  // namespace reftally
