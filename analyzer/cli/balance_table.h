// Prints who took the references of some objects, as a tree by call path.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "analyzer/findings/acquires.h"
#include "reports/report.h"

namespace reftally {

// `frames`: of a stack, innermost first. Nothing is printed where no events tell of the objects.
void print_balance(const Heap& heap, std::span<const ObjectId> objects,
                   const std::function<std::vector<ReportFrame>(StackId)>& frames);

}  // namespace reftally
