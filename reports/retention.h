// What every object retains: the dominator tree over references that can own, below all roots.
#pragma once

#include "analyzer/analysis.h"

namespace reftally {

struct Retention {
  static constexpr uint32_t kTop = 0xffffffff;
  std::vector<uint32_t> above;     // immediate dominator by object; kTop: none
  std::vector<uint64_t> retained;  // bytes by object
  std::vector<uint32_t> top;       // objects that nothing dominates
  CsrOffsets below;                // by object
  std::vector<uint32_t> children;  // objects it dominates immediately
  uint64_t total = 0;              // bytes of all objects
};

// What no root owns hangs below the objects that findings begin with: a cycle is entered at one of its objects.
Retention find_retention(const Analysis& analysis);

}  // namespace reftally
