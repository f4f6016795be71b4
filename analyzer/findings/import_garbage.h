// What the interpreter's start, the imports of its own library and fork() leave behind: a class that was made twice,
// once a process; locks of the parent. Nobody who reads a report can mend that.
#pragma once

#include <vector>

#include "analyzer/findings/finding.h"
#include "analyzer/image/debug_types.h"
#include "analyzer/image/image.h"

namespace reftally {

// Takes back what is said of cycles that the collector will free, or would if it were on, where all instances were made
// before births were recorded, or while a module of the interpreter's own library was being imported; what modules lose
// while they are made; and locks that a forked child of CPython has new ones for. Cycles with a finalizer that are all of
// the interpreter's own library become notes.
void forget_import_garbage(const Heap& heap, const Image& image, const DebugTypes& types,
                           std::vector<Finding>& findings);

}  // namespace reftally
