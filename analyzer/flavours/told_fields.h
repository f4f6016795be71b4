// References that a program has told through reftally.h: which fields of an object's type hold them, or what its
// visitor said. Both are exact. What else such an object holds looks on.
#pragma once

#include <vector>

#include "analyzer/flavours/naming.h"
#include "analyzer/flavours/words.h"

namespace reftally {

struct ToldFields {
  const Image& image;
  const DebugTypes& types;
  const CountedObjects& counted;
  Holders& holders;
  WordStates& states;
  Naming& naming;
  HeapBuilder& builder;

  // Adds to `found`. By counted object: whether all its references are told; empty when none has been told.
  std::vector<bool> tell(DraftReferences& found);
};

}  // namespace reftally
