// The objects that a user means by an address, the name of a type, or the fingerprint of a finding.
#pragma once

#include <string>
#include <vector>

#include "analyzer/cli/analysis_options.h"

namespace reftally {

// Throws Error where there is none; `dump`: what to call it then.
std::vector<ObjectId> objects_named(const AnalyzedDump& analyzed, const std::string& dump, const std::string& what);

}  // namespace reftally
