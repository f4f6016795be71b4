// Strong or weak, told by counts where types do not tell.
//
// A counted object has S strong and W weak references left once the ones known from types are taken off. Each
// candidate word is a strong reference, a weak one, or stale (dead memory nobody cleared). Words in blocks and in
// static variables are taken for live: dead slack of containers is left out before, new blocks are zero-filled by
// the agent. Stacks and registers are full of stale words, and so are buffers whose bounds are unknown: these get only
// what the others leave of S.
//
// Only what is proved is said: with n words left and W = 0 all n are strong when n <= S (and the other way round);
// g words that play the same part (one slot of one type) are of one kind, so g > S makes them weak and g > W
// strong; and a slot proved once is proved for all objects of its type. What reference count events tell of a holder is
// believed as far as S goes. The rest stays "strong or weak".
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "analyzer/flavours/counted_object.h"
#include "analyzer/flavours/words.h"

namespace reftally {

// References already known from types, by counted object.
struct KnownReferences {
  std::vector<uint32_t> strong, weak;
};

// Sets kind and certainty of every candidate.
void classify_by_counts(const CountedObjects& counted, const KnownReferences& known, std::span<Candidate> candidates);

}  // namespace reftally
