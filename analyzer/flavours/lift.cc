#include "analyzer/flavours/lift.h"

#include "analyzer/flavours/assemble.h"
#include "analyzer/flavours/buffers.h"
#include "analyzer/flavours/counts.h"
#include "analyzer/flavours/declared_facts.h"
#include "analyzer/flavours/flavours.h"
#include "analyzer/flavours/holders.h"
#include "analyzer/flavours/naming.h"
#include "analyzer/flavours/roots.h"
#include "analyzer/flavours/typed_walk.h"
#include "analyzer/flavours/words.h"

namespace reftally {

Heap lift(const Image& image, const DebugTypes& types, const LiftOptions& options) {
  // Counted objects, by flavour.
  CountedObjects counted;
  for (const Flavour& flavour : flavours()) flavour.find_objects(image, counted);
  for (const Flavour& flavour : flavours()) {
    if (options.use_types && flavour.refine_objects) flavour.refine_objects(image, types, counted);
  }
  counted.build_index();

  // Which block belongs to whom.
  HeapBuilder builder;
  Holders holders(image, counted);
  Naming naming(image, types, counted, holders, builder);
  WordStates states(image);

  // References that types tell; storage of containers goes to its owner.
  TypedWalk walk(image, types, counted, holders, states, naming, builder);
  TypedReferences typed = options.use_types ? walk.run() : walk.nothing();

  // ---- Beyond this point no block changes hands.

  // What types did not explain, word by word.
  const PointerReader reader(image, counted, holders);
  HeapWords heap_words = scan_heap(image, counted, holders, states, Buffers(image, holders), reader, naming);
  RootWords root_words = scan_roots(image, states, reader, naming);

  // Strong or weak, where a word alone cannot tell.
  std::vector<Candidate> candidates = std::move(heap_words.candidates);
  candidates.insert(candidates.end(), root_words.candidates.begin(), root_words.candidates.end());
  classify_by_counts(counted, typed.known, candidates);

  Assembly assembly(image, counted, holders, naming, builder);
  assembly.add_objects();
  assembly.add_unknown_deleters();
  assembly.add_shared_blocks();
  assembly.add_references(typed.references);
  assembly.add_candidates(candidates, root_words.roots);
  assembly.add_references(heap_words.references);
  assembly.add_roots(typed.roots);
  assembly.add_roots(root_words.roots);
  assembly.mark_expectations();
  add_declared_facts(image, builder);
  return std::move(builder).build();
}

}  // namespace reftally
