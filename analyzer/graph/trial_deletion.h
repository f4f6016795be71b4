// Trial deletion (T. Christopher, "Reference count garbage collection", 1984; the way CPython's collector decides):
// which objects are kept only by each other. Take from every participant's count the references among participants;
// who has something left is held from outside, and so is all it refers to; the rest is garbage.
//
// It needs no roots, only counts that are right; it sees what a conservative search misses (a stale word keeps nothing
// alive here), and is blind to blocks that nobody counts.
#pragma once

#include "analyzer/graph/reference_graph.h"

namespace reftally {

// Participants are counted objects; others in the set are left out. A reference that may be strong revives but does not
// subtract: doubt errs towards alive.
ObjectSet find_garbage(const Heap& heap, const ObjectSet& participants);

}  // namespace reftally
