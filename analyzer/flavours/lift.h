// From process memory to the heap of objects, references and roots: recognise counted objects, decide what belongs
// to each, find the references between them, and say of each what is certain.
#pragma once

#include "analyzer/heap/heap.h"
#include "analyzer/image/debug_types.h"
#include "analyzer/image/image.h"
#include "analyzer/layouts/stated_counts.h"

namespace reftally {

struct LiftOptions {
  bool use_types = true;  // off: counts and type_info only, as for a program without debug information
  const StatedCounts* stated = nullptr;
};

Heap lift(const Image& image, const DebugTypes& types, const LiftOptions& options);

}  // namespace reftally
