// Prints who took the references of some objects, as a tree by call path.
#pragma once

#include "reports/report.h"

namespace reftally {

void print_balance(const ReportBalance& balance);

}  // namespace reftally
