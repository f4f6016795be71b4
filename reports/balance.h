// Who took the references of some objects and gave them back, as a tree of calls for a reader.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "analyzer/findings/balance_tree.h"
#include "reports/report.h"

namespace reftally {

// `frames`: of a stack, innermost first. Nothing where no events tell of the objects.
std::optional<ReportBalance> build_balance(const Heap& heap, const StackBalances& balances,
                                           std::span<const ObjectId> objects,
                                           const std::function<std::vector<ReportFrame>(StackId)>& frames);

}  // namespace reftally
