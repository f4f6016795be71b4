// The last step of lift: holders become objects, drafts become references and roots.
#pragma once

#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "analyzer/flavours/declared_facts.h"
#include "analyzer/flavours/event_tallies.h"
#include "analyzer/flavours/kernel_words.h"
#include "analyzer/flavours/naming.h"
#include "analyzer/flavours/words.h"
#include "analyzer/heap/heap.h"

namespace reftally {

class Assembly final : public NativeSide {
 public:
  // `outward`: what typed pointers out of all blocks are called, by place.
  Assembly(const Image& image, const Holders& holders, Naming& naming, HeapBuilder& builder, EventTallies& events,
           const std::unordered_map<uint64_t, LabelId>& outward);

  // Counted objects go as they become objects of the heap, unless somebody asks for them later: they are what the lift
  // needs most memory for.
  void add_objects(CountedObjects& counted);
  void add_unknown_deleters();  // a value that may outlive its control block, or not belong to it
  void add_shared_blocks();     // a block lives as long as what lies in it
  void note_onlookers(std::span<const uint32_t> blocks);  // whose words are no references; before those are added
  void add_references(DraftReferences references);
  void add_candidates(std::span<const Candidate> candidates, std::vector<DraftRoot>& roots);
  void add_storage(std::span<const DraftStorage> storage);
  void add_roots(std::span<const DraftRoot> roots);
  void add_words(std::span<const DraftRoot> words, DeclaredLift& declared);  // roots, or references of declared objects
  void mark_expectations();
  void add_kernel_holds(const KernelHolds& holds);
  void mark_in_hand(std::span<const HolderId> holders);  // before roots are added
  void mark_untyped(std::span<const HolderId> holders);  // counted ones that a word of no type leads to
  void add_events();                                     // of what no reference has taken
  void hand_over_blocks();                               // last: no holder is asked for any more

  ObjectId object_at(uint64_t place) const override;
  LabelId label_at(uint64_t place) override;

 private:
  // Counted objects come first and keep their numbers.
  ObjectId object_of(HolderId holder) const {
    if (holders_.is_counted(holder)) return ObjectId{holder};
    return holders_.is_block(holder) ? of_blocks_[holders_.block_of(holder)]
                                     : of_extras_[holder - holders_.first_extra()];
  }
  bool asks_again() const;
  bool only_looks_on(const DraftReference& draft) const;
  void add_counted(const CountedObject& source);
  void note_value(HolderId holder, const CountedObject& source);
  StackId acquired(HolderId to, uint64_t place, ReferenceKind kind, Certainty certainty);
  ObjectId add_block(uint32_t block);
  void add_sizes();
  void add_storage_of_variables();

  const Image& image_;
  EventTallies& events_;
  const Holders& holders_;
  Naming& naming_;
  HeapBuilder& builder_;
  const std::unordered_map<uint64_t, LabelId>& outward_;
  std::unordered_set<uint32_t> onlookers_;         // blocks
  std::vector<ObjectId> of_blocks_;                // by block: its own, or that of who has it
  std::vector<ObjectId> of_extras_;                // by holder, from first_extra() on
  std::unordered_map<uint32_t, uint64_t> carved_;  // by block: bytes that went to counted objects inside it
  struct Apart {
    HolderId object, value;
  };
  std::vector<Apart> values_apart_;                              // that do not go with their objects for certain
  std::vector<std::pair<HolderId, uint32_t>> in_shared_blocks_;  // objects and their blocks
};

}  // namespace reftally
