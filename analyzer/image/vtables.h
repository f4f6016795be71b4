// Vtables of a program built with -fno-rtti: none leads to a type_info, which is how the agent tells them, but each has
// a symbol _ZTV….
#pragma once

#include "analyzer/image/debug_types.h"
#include "analyzer/image/image.h"

namespace reftally {

// Adds to image.vtable_names those of modules that a block's first word points into though no type_info told of it.
void add_vtable_symbols(Image& image, const DebugTypes& types);

}  // namespace reftally
