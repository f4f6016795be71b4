// What libgobject keeps beside the objects, and who owns what there.
//
// Handlers of signals stand in tables of the library, by the address of the object: they belong to the object, and the
// tables do not keep it. A handler points back to its object and to its closure; the closure's data is borrowed unless
// the closure has something to call at its end. An object's own data (toggle and weak references) points back to it.
// All of it is only taken for what it is when it fits throughout; else every word stays a possible reference.
#pragma once

#include "analyzer/flavours/holders.h"
#include "analyzer/flavours/naming.h"
#include "analyzer/flavours/typed_walk.h"
#include "analyzer/flavours/word_states.h"

namespace reftally {

void link_gobjects(const Image& image, const CountedObjects& counted, const Holders& holders, WordStates& states,
                   Naming& naming, HeapBuilder& builder, TypedReferences& found);

// The caller of libgobject, of the stack that made an object; the stack itself when nobody else is on it.
StackId caller_of_gobject(const Image& image, StackId stack);

}  // namespace reftally
