// Objects, references and roots that a runtime declared (dump/format.h, "declared facts"): nothing is guessed here.
#pragma once

#include "analyzer/heap/heap.h"
#include "analyzer/image/image.h"

namespace reftally {

void add_declared_facts(const Image& image, HeapBuilder& builder);

}  // namespace reftally
