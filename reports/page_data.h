// What the page in web/ shows, as the JSON it reads.
#pragma once

#include <string>

#include "reports/report.h"

namespace reftally {

std::string page_data(const Report& report);

}  // namespace reftally
