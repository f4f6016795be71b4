// Retaining paths of many objects, merged: a tree from the roots, each step with the number of objects below it.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "analyzer/graph/retaining_path.h"

namespace reftally {

struct MergedPaths {
  std::string steps;  // "g_registry.sessions_[] -> Session::handler_": as long as the tree has no branch
  uint64_t objects = 0, bytes = 0;
  std::vector<MergedPaths> below;  // most objects first; those that end here have no row
  uint64_t left_out = 0;           // ways to hold objects, of the top row alone: the rarest
};

// The top has no steps. Objects that no root owns are not counted.
MergedPaths merge_paths(const Heap& heap, RetainingPaths& paths, std::span<const ObjectId> objects);

// "root g_registry.sessions_[] -> Session::handler_". Of a long one the middle is left out.
std::string route_text(const Heap& heap, const RetainingPath& path);

}  // namespace reftally
