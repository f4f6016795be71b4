// Which reference of a cycle to make weak.
#pragma once

#include <optional>

#include "analyzer/findings/finding.h"

namespace reftally {

// The member (type, label) whose weakening breaks the most instances; nothing when no single member breaks one.
std::optional<Advice> advise(const Heap& heap, const Finding& finding);

}  // namespace reftally
