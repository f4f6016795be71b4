// Where memory comes together in one dump: objects that retain much, of which each object below them has little. The
// rule is Eclipse MAT's (leak suspects): down the dominator tree from a big object, as long as one child has most of
// what its parent retains; then on from each big child. What variables hold comes together at the variable.
#pragma once

#include <optional>

#include "analyzer/graph/retaining_path.h"
#include "reports/retention.h"

namespace reftally {

struct Accumulated {  // what is dominated immediately, of one type
  TypeId type{};
  uint64_t objects = 0, retained = 0;  // bytes
};

struct AccumulationPoint {
  std::optional<ObjectId> object;  // none: a root, by its name
  RetainingPath path;              // to the object; of a root: it alone
  uint64_t retained = 0;           // bytes
  std::vector<Accumulated> most;   // types, by bytes
};

// Owned ones that have a hundredth of the heap at least; the biggest, most first.
std::vector<AccumulationPoint> find_accumulation_points(const Heap& heap, const Retention& retention,
                                                        RetainingPaths& paths);

}  // namespace reftally
