#pragma once

#include <set>
#include <string>
#include <vector>

#include "analyzer/findings/finding.h"
#include "analyzer/heap/heap.h"
#include "analyzer/image/image.h"

namespace reftally {

// Paths of the modules that a report speaks of: what made its counted objects (their first word is a vtable there), and
// the calls that made the objects of findings. Debug information of the others would tell nothing more.
std::set<std::string> modules_in_use(const Heap& heap, const Image& image, const std::vector<Finding>& findings);

}  // namespace reftally
