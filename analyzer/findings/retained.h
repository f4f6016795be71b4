// What each finding keeps from being freed.
#pragma once

#include <vector>

#include "analyzer/findings/rules.h"

namespace reftally {

// Fills retained_bytes and held_objects. Findings that share an object share nothing else: each byte is retained by one
// finding at most.
void measure_retained(const RuleInput& input, std::vector<Finding>& findings);

}  // namespace reftally
