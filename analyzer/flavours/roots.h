// Roots by words: static variables, thread-local storage, stacks, registers, other writable mappings and regions
// the program declared. Dead stacks and free memory are not in the image; the allocator's own state is left out here.
#pragma once

#include <vector>

#include "analyzer/flavours/naming.h"
#include "analyzer/flavours/words.h"

namespace reftally {

struct RootWords {
  std::vector<DraftRoot> roots;
  std::vector<Candidate> candidates;  // `root` is the index of the root they decide about
  std::vector<HolderId> untyped;      // as HeapWords::untyped
  std::vector<HolderId> in_hand;      // see kObjectInHand
};

RootWords scan_roots(const Image& image, const WordStates& states, const PointerReader& reader, Naming& naming);

}  // namespace reftally
