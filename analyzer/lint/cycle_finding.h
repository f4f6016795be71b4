// What the three cycle rules have in common: words, notes, tiers, advice.
#pragma once

#include "analyzer/lint/lint_rules.h"

namespace reftally::lint {

// Warning when nothing breaks the cycle, note ("relies on X::stop()") when something does.
LintFinding cycle_finding(const LintContext& context, const ProvedCycle& cycle, const std::string& message);

// " (through 'self')" of the edge, "holds itself", …: how an object gets hold of the next.
std::string edge_text(const LintContext& context, const CycleEdge& edge);

// The row of the edge to make weak.
size_t edge_to_weaken(const LintContext& context, const ProvedCycle& cycle);

}  // namespace reftally::lint
