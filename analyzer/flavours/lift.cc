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

CountedObjects find_counted(const Image& image, const DebugTypes& types, bool use_types) {
  CountedObjects counted;
  for (const Flavour& flavour : flavours()) {
    if (flavour.find_objects) flavour.find_objects(image, counted);
  }
  for (const Flavour& flavour : flavours()) {
    if (use_types && flavour.refine_objects) flavour.refine_objects(image, types, counted);
  }
  return counted;
}

std::unique_ptr<TypedHeap> heap_without_types(const Image& image, const DebugTypes& types, const StatedCounts& stated,
                                              CountedObjects& counted) {
  counted.build_index();
  auto heap = std::make_unique<TypedHeap>(image, types, counted, CountedPointers{}, stated, PlainPointers::kStatedOnly);
  heap->found = heap->walk.nothing();
  return heap;
}

// What types did not explain, word by word.
struct UntypedWords {
  UntypedWords(const Image& image, const CountedObjects& counted, const PointerReader& reader, TypedHeap& typed)
      : heap(scan_heap(image, counted, typed.holders, typed.states, Buffers(image, typed.holders), reader,
                       typed.naming)),
        roots(scan_roots(image, typed.states, reader, typed.naming)) {
    candidates = std::move(heap.candidates);
    candidates.insert(candidates.end(), roots.candidates.begin(), roots.candidates.end());
    // Where nothing is known of the object either, a word without a type says nothing.
    for (std::vector<HolderId>* untyped : {&heap.untyped, &roots.untyped})
      std::erase_if(*untyped, [&](HolderId holder) { return !typed.walk.knows_class(holder); });
  }

  HeapWords heap;
  RootWords roots;
  std::vector<Candidate> candidates;  // of both
};

// Strong or weak, where a word alone cannot tell.
void classify(const CountedObjects& counted, TypedHeap& typed, EventTallies& events,
              std::vector<Candidate>& candidates) {
  if (events.known()) {
    events.settle(counted, typed.found.references);
    events.settle(counted, typed.found.roots);
  }
  for (Candidate& candidate : candidates) candidate.is_told = events.holds(candidate.counted, candidate.at);
  classify_by_counts(counted, typed.found.known(), candidates);
  lead_to_blocks(typed.holders, candidates);
}

// Puts it all into the builder. What it takes it gives back, and counted objects are known by their numbers.
void assemble(const Image& image, CountedObjects& counted, const PointerReader& reader, TypedHeap& typed,
              EventTallies& events, UntypedWords& words) {
  auto& [own, builder, holders, naming, states, walk, found] = typed;
  Assembly assembly(image, holders, naming, builder, events, found.outward);
  assembly.add_objects(counted);
  assembly.mark_in_hand(words.roots.in_hand);
  if (naming.is_exiting()) builder.set_exiting();
  DeclaredLift declared(image, builder, image.blocks.empty() ? nullptr : &assembly);
  declared.add_objects();
  assembly.add_unknown_deleters();
  assembly.add_shared_blocks();
  assembly.note_onlookers(declared.bodies().pybind11_entries());
  assembly.add_references(std::move(found.references));
  assembly.add_candidates(words.candidates, words.roots.roots);
  assembly.add_references(std::move(words.heap.references));
  assembly.add_storage(found.storage);
  assembly.add_roots(found.roots);
  assembly.add_roots(find_hidden_roots(image, holders, builder));
  assembly.add_words(words.roots.roots, declared);
  assembly.add_events();
  assembly.mark_expectations();
  for (const std::vector<HolderId>* untyped : {&words.heap.untyped, &words.roots.untyped, &found.untyped})
    assembly.mark_untyped(*untyped);
  assembly.add_kernel_holds(find_kernel_holds(image, reader, naming));
  declared.add_references();
  declared.add_roots();
  declared.add_events();
  declared.mark_expectations();
  assembly.hand_over_blocks();
}

// All there is but its order: what is needed to find it is gone when that is made.
HeapBuilder collect(const Image& image, const DebugTypes& types, const LiftOptions& options) {
  const StatedCounts nothing;
  const StatedCounts& stated = options.stated ? *options.stated : nothing;
  CountedObjects counted = find_counted(image, types, options.use_types);
  const std::unique_ptr<TypedHeap> typed =
      options.use_types ? type_heap(image, types, stated, counted) : heap_without_types(image, types, stated, counted);
  if (options.use_types) typed->walk.name_what_calls_hold(typed->found);
  // Beyond this point no block changes hands.
  link_gobjects(image, counted, typed->holders, typed->states, typed->naming, typed->builder, typed->found);
  const PointerReader reader(image, counted, typed->holders);
  UntypedWords words(image, counted, reader, *typed);
  typed->states.release();
  EventTallies events(image, types, counted, typed->holders);
  classify(counted, *typed, events, words.candidates);
  assemble(image, counted, reader, *typed, events, words);
  return std::move(typed->builder);
}

}  // namespace

Heap lift(const Image& image, const DebugTypes& types, const LiftOptions& options) {
  return collect(image, types, options).build();
}

}  // namespace reftally
