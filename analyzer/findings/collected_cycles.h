// What a runtime's own cycle collector (CPython's) makes of a cycle that nobody reaches.
#pragma once

#include "analyzer/findings/rules.h"

namespace reftally {

enum class CollectorVerdict : uint8_t {
  kNone,        // no collector looks at these objects
  kFrees,       // at its next run over their generation
  kFinalizes,   // the same, but user-written finalizers run first, in an order nobody can rely on
  kCannotFree,  // it finds them and must leave them: a legacy finalizer, or nothing to break the cycle with
  kCannotSee,   // a reference of the cycle is one that tp_traverse does not visit
};

CollectorVerdict collector_verdict(const RuleInput& input, const std::vector<ObjectId>& objects);

}  // namespace reftally
