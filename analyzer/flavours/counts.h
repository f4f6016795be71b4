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

#include "analyzer/flavours/counted_object.h"
#include "analyzer/flavours/words.h"

namespace reftally {

// References already known from types: those that are strong or weak and lead to a counted object take a unit of its.
struct KnownReferences {
  std::span<const DraftReference> references;
  std::span<const DraftRoot> roots;

  template <class Visit>  // visit(counted, is_strong)
  void for_each(const CountedObjects& counted, Visit visit) const;
};

// Sets kind and certainty of every candidate.
void classify_by_counts(const CountedObjects& counted, const KnownReferences& known, std::span<Candidate> candidates);

template <class Visit>
void KnownReferences::for_each(const CountedObjects& counted, Visit visit) const {
  auto look_at = [&](HolderId to, ReferenceKind kind) {
    const bool takes = kind == ReferenceKind::kStrong || kind == ReferenceKind::kWeak;
    if (takes && to < counted.objects.size()) visit(to, kind == ReferenceKind::kStrong);
  };
  for (const DraftReference& reference : references) look_at(reference.to, reference.kind);
  for (const DraftRoot& root : roots) look_at(root.to, root.kind);
}

}  // namespace reftally
