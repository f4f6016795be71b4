// A heap as large as asked with the shapes of real ones: records, containers, chains, doubly linked lists, shared type
// objects; a few in a hundred objects are cut off, with cycles among them. The same number gives the same heap.
#pragma once

#include "analyzer/heap/heap.h"

namespace reftally {

// About 2.1 references an object. Every object is counted and every count is explained by references and roots.
Heap synthetic_heap(uint32_t objects, uint64_t seed = 42);

}  // namespace reftally
