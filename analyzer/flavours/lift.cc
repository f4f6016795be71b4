#include "analyzer/flavours/lift.h"

#include <memory>

#include "analyzer/flavours/assemble.h"
#include "analyzer/flavours/buffers.h"
#include "analyzer/flavours/counts.h"
#include "analyzer/flavours/declared_facts.h"
#include "analyzer/flavours/flavours.h"
#include "analyzer/flavours/gobject_links.h"
#include "analyzer/flavours/hidden_references.h"
#include "analyzer/flavours/holders.h"
#include "analyzer/flavours/kernel_words.h"
#include "analyzer/flavours/naming.h"
#include "analyzer/flavours/own_count_guesses.h"
#include "analyzer/flavours/own_counts.h"
#include "analyzer/flavours/roots.h"
#include "analyzer/flavours/typed_walk.h"
#include "analyzer/flavours/words.h"

namespace reftally {

namespace {

// Which block belongs to whom, and the references that types tell; storage of containers goes to its owner.
struct TypedHeap {
  TypedHeap(const Image& image, const DebugTypes& types, const CountedObjects& counted, CountedPointers own_pointers,
            const StatedCounts& stated, PlainPointers plain)
      : own(std::move(own_pointers)),
        holders(image, counted),
        naming(image, types, counted, holders, builder),
        states(image),
        walk(image, types, counted, holders, states, naming, builder, own, stated, plain),
        found(image) {}

  CountedPointers own;
  HeapBuilder builder;
  Holders holders;
  Naming naming;
  WordStates states;
  TypedWalk walk;
  TypedReferences found;
};

// Guesses may speak against each other, and then they count for nothing.
CountedPointers find_own(const Image& image, const DebugTypes& types, const std::vector<MetPointer>& met,
                         const StatedCounts& stated, const TypedWalk& walk, CountedObjects& counted) {
  std::vector<MetPointer> all =
      guess_own_objects(image, types, counted, met, [&](uint32_t b) { return walk.is_unknown(b); });
  if (!all.empty()) {
    all.insert(all.begin(), met.begin(), met.end());
    if (CountedPointers own = find_own_counts(image, types, stated, all, counted); !own.empty()) return own;
  }
  return find_own_counts(image, types, stated, met, counted);
}

// Smart pointers of the program's own are known once they have been met: then again.
std::unique_ptr<TypedHeap> walk_types(const Image& image, const DebugTypes& types, const StatedCounts& stated,
                                      PlainPointers plain, CountedObjects& counted) {
  counted.build_index();
  auto heap = std::make_unique<TypedHeap>(image, types, counted, CountedPointers{}, stated, plain);
  heap->found = heap->walk.run();
  CountedPointers own = find_own(image, types, heap->found.met, stated, heap->walk, counted);
  if (own.empty()) return heap;
  counted.build_index();
  heap = std::make_unique<TypedHeap>(image, types, counted, std::move(own), stated, plain);
  heap->found = heap->walk.run();
  return heap;
}

// References that types tell. What plain pointers are thought to pay is asked again of all the objects there are.
std::unique_ptr<TypedHeap> type_heap(const Image& image, const DebugTypes& types, const StatedCounts& stated,
                                     CountedObjects& counted) {
  auto heap = walk_types(image, types, stated, PlainPointers::kVote, counted);
  const bool may_be_plain =
      !heap->own.empty() || !image.declared.gobject_types.empty() || !image.declared.mini_object_types.empty();
  if (!may_be_plain || !plain_pointers_refuted(counted, heap->found.known())) return heap;
  heap.reset();
  drop_own_counts(counted);
  return walk_types(image, types, stated, PlainPointers::kStatedOnly, counted);
}

// Where a memory resource's block begins with an object, a word that pays for none in a block of no type is the
// resource's own, and leads to the block.
void lead_to_blocks(const Holders& holders, std::span<Candidate> candidates) {
  for (Candidate& candidate : candidates) {
    if (candidate.kind != ReferenceKind::kRaw || candidate.in_pair || !holders.is_block(candidate.from)) continue;
    if (const HolderId block = holders.block_begun_by(candidate.counted); block != kNoHolder) candidate.counted = block;
  }
}

// All there is but its order: what is needed to find it is gone when that is made.
HeapBuilder collect(const Image& image, const DebugTypes& types, const LiftOptions& options) {
  // Counted objects, by flavour.
  CountedObjects counted;
  for (const Flavour& flavour : flavours()) {
    if (flavour.find_objects) flavour.find_objects(image, counted);
  }
  for (const Flavour& flavour : flavours()) {
    if (options.use_types && flavour.refine_objects) flavour.refine_objects(image, types, counted);
  }

  const StatedCounts nothing;
  const StatedCounts& stated = options.stated ? *options.stated : nothing;
  std::unique_ptr<TypedHeap> typing;
  if (options.use_types) {
    typing = type_heap(image, types, stated, counted);
  } else {
    counted.build_index();
    typing = std::make_unique<TypedHeap>(image, types, counted, CountedPointers{}, stated, PlainPointers::kStatedOnly);
    typing->found = typing->walk.nothing();
  }
  auto& [own, builder, holders, naming, states, walk, typed] = *typing;

  // ---- Beyond this point no block changes hands.

  link_gobjects(image, counted, holders, states, naming, builder, typed);

  // What types did not explain, word by word.
  const PointerReader reader(image, counted, holders);
  HeapWords heap_words = scan_heap(image, counted, holders, states, Buffers(image, holders), reader, naming);
  RootWords root_words = scan_roots(image, states, reader, naming);
  states.release();

  // Strong or weak, where a word alone cannot tell.
  std::vector<Candidate> candidates = std::move(heap_words.candidates);
  candidates.insert(candidates.end(), root_words.candidates.begin(), root_words.candidates.end());
  EventTallies events(image, types, counted, holders);
  if (events.known()) {
    events.settle(counted, typed.references);
    events.settle(counted, typed.roots);
  }
  for (Candidate& candidate : candidates) candidate.is_told = events.holds(candidate.counted, candidate.at);
  classify_by_counts(counted, typed.known(), candidates);
  lead_to_blocks(holders, candidates);

  // Where nothing is known of the object either, a word without a type says nothing.
  for (std::vector<HolderId>* untyped : {&heap_words.untyped, &root_words.untyped})
    std::erase_if(*untyped, [&](HolderId holder) { return !walk.knows_class(holder); });

  // ---- Beyond this point counted objects are known by their numbers.

  Assembly assembly(image, holders, naming, builder, events, typed.outward);
  assembly.add_objects(counted);
  assembly.mark_in_hand(root_words.in_hand);
  if (naming.is_exiting()) builder.set_exiting();
  DeclaredLift declared(image, builder, image.blocks.empty() ? nullptr : &assembly);
  declared.add_objects();
  assembly.add_unknown_deleters();
  assembly.add_shared_blocks();
  assembly.note_onlookers(declared.bodies().pybind11_entries());
  assembly.add_references(std::move(typed.references));
  assembly.add_candidates(candidates, root_words.roots);
  assembly.add_references(std::move(heap_words.references));
  assembly.add_storage(typed.storage);
  assembly.add_roots(typed.roots);
  assembly.add_roots(find_hidden_roots(image, holders, builder));
  assembly.add_words(root_words.roots, declared);
  assembly.add_events();
  assembly.mark_expectations();
  for (const std::vector<HolderId>* untyped : {&heap_words.untyped, &root_words.untyped, &typed.untyped})
    assembly.mark_untyped(*untyped);
  assembly.add_kernel_holds(find_kernel_holds(image, reader, naming));
  declared.add_references();
  declared.add_roots();
  declared.add_events();
  declared.mark_expectations();
  assembly.hand_over_blocks();
  return std::move(builder);
}

}  // namespace

Heap lift(const Image& image, const DebugTypes& types, const LiftOptions& options) {
  return collect(image, types, options).build();
}

}  // namespace reftally
