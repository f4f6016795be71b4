#include "analyzer/flavours/assemble.h"

#include <algorithm>
#include <string>

#include "analyzer/base/error.h"
#include "analyzer/base/huge_pages.h"
#include "analyzer/flavours/gobject_links.h"

namespace reftally {

Assembly::Assembly(const Image& image, const Holders& holders, Naming& naming, HeapBuilder& builder,
                   EventTallies& events, const std::unordered_map<uint64_t, LabelId>& outward)
    : image_(image), events_(events), holders_(holders), naming_(naming), builder_(builder), outward_(outward) {}

// Which of the objects in a block is meant, where a declared reference comes from, what the kernel has.
bool Assembly::asks_again() const {
  return holders_.any_carved() || !image_.declared.objects.empty() || !image_.declared.references.empty() ||
         !image_.declared.roots.empty() || !image_.declared.kernel_words.empty();
}

void Assembly::add_objects(CountedObjects& counted) {
  require(builder_.object_count() == 0, "counted objects come first");
  size_t objects = holders_.count() - image_.blocks.size();
  for (uint32_t block = 0; block < image_.blocks.size(); ++block)
    objects += holders_.is_free(block) || holders_.is_carved(block);
  builder_.expect_objects(objects + image_.declared.objects.size());
  HolderId holder = 0;
  auto add = [&](const CountedObject& source) {
    note_value(holder++, source);
    add_counted(source);
  };
  if (asks_again())
    std::for_each(counted.objects.begin(), counted.objects.end(), add);
  else
    std::move(counted.objects).consume(add);
  assign_column(of_blocks_, image_.blocks.size(), kNoObject);
  for (uint32_t block = 0; block < image_.blocks.size(); ++block)
    if (holders_.is_free(block) || holders_.is_carved(block)) of_blocks_[block] = add_block(block);
  add_storage_of_variables();
  add_sizes();
}

void Assembly::note_value(HolderId holder, const CountedObject& source) {
  if (source.value_block != Image::kNoBlock && !source.owns_value_block)
    values_apart_.push_back({holder, holders_.current(holders_.in_block(source.value_block, source.value))});
  if (source.block != Image::kNoBlock && holders_.is_carved(source.block))
    in_shared_blocks_.emplace_back(holder, source.block);
}

void Assembly::add_counted(const CountedObject& source) {
  HeapBuilder::Object object;
  object.address = source.flavour == FlavourId::kIntrusive ? source.begin() : source.address;
  if (source.block != Image::kNoBlock && holders_.is_carved(source.block)) {
    object.size = source.end - source.begin();
    carved_[source.block] += object.size;
  }
  object.type = naming_.counted_type(source);
  object.flavour = source.flavour;
  object.strong_count = source.strong;
  object.weak_count = source.weak;
  // born where the value was made, which for shared_ptr(new T) is not where the control block was
  const uint32_t birth = source.owns_value_block ? source.value_block : source.block;
  if (birth != Image::kNoBlock) {
    object.birth_stack = image_.blocks[birth].stack;
    object.birth_order = image_.blocks[birth].birth;
  }
  if (source.count_is_doubtful) object.flags |= kObjectCountIsDoubtful;
  if (source.flavour == FlavourId::kGObject) object.birth_stack = caller_of_gobject(image_, object.birth_stack);
  builder_.add_object(object);
}

ObjectId Assembly::add_block(uint32_t block) {
  HeapBuilder::Object object;
  object.address = image_.blocks[block].address;
  if (holders_.is_carved(block)) object.size = image_.blocks[block].size - carved_[block];
  object.type = naming_.type_of(holders_.own_id(block));
  object.birth_stack = image_.blocks[block].stack;
  object.birth_order = image_.blocks[block].birth;
  return builder_.add_object(object);
}

void Assembly::add_storage_of_variables() {
  std::vector<HeapBuilder::Object> objects(holders_.count() - holders_.first_extra());
  for (uint32_t block = 0; block < image_.blocks.size(); ++block) {
    if (holders_.owner(block) < holders_.first_extra() || holders_.is_carved(block)) continue;
    HeapBuilder::Object& object = objects[holders_.owner(block) - holders_.first_extra()];
    if (object.address) continue;
    object.address = image_.blocks[block].address;
    object.birth_stack = image_.blocks[block].stack;
    object.birth_order = image_.blocks[block].birth;
  }
  for (HolderId holder = holders_.first_extra(); holder < holders_.count(); ++holder) {
    HeapBuilder::Object& object = objects[holder - holders_.first_extra()];
    object.type = naming_.type_of(holder);
    of_extras_.push_back(builder_.add_object(object));
  }
}

// Bytes of blocks that are somebody's alone. Who shares a block has had its part of it.
void Assembly::add_sizes() {
  uint64_t bytes = 0;
  for (uint32_t block = 0; block < image_.blocks.size(); ++block) {
    bytes += image_.blocks[block].size;
    if (holders_.is_carved(block)) continue;
    const HolderId owner = holders_.current(holders_.own_id(block));
    of_blocks_[block] = object_of(owner);
    const bool shares = holders_.is_block(owner) && holders_.is_carved(holders_.block_of(owner));
    if (!shares) builder_.object(of_blocks_[block]).size += image_.blocks[block].size;
  }
  builder_.set_block_totals(image_.blocks.size(), bytes);
}

void Assembly::hand_over_blocks() { builder_.set_objects_of_blocks(std::move(of_blocks_)); }

void Assembly::add_unknown_deleters() {
  for (const auto& [object, value] : values_apart_) {
    if (holders_.is_counted(value)) continue;  // somebody else's count: a deleter holds that, if anyone does
    const LabelId label = builder_.add_label(naming_.name_of(builder_.object(object_of(object)).type), "get()");
    builder_.add_reference({object_of(object), object_of(value), label});
  }
}

void Assembly::add_shared_blocks() {
  for (const auto& [object, block] : in_shared_blocks_)
    builder_.add_reference(
        {object_of(object), object_of(holders_.own_id(block)), LabelId{}, ReferenceKind::kRaw, Certainty::kExact});
}

void Assembly::note_onlookers(std::span<const uint32_t> blocks) { onlookers_.insert(blocks.begin(), blocks.end()); }

// At a block, which has no count to tell who owns it. The next of them is one's own.
bool Assembly::only_looks_on(const DraftReference& draft) const {
  if (onlookers_.empty() || !holders_.is_block(draft.from) || !holders_.is_block(draft.to)) return false;
  return onlookers_.contains(holders_.block_of(draft.from)) && !onlookers_.contains(holders_.block_of(draft.to));
}

void Assembly::add_references(DraftReferences references) {
  HeapBuilder::References found;
  size_t row = 0;
  auto convert = [&](const DraftReference& draft, HeapBuilder::ReferenceRow& to) {
    const uint64_t place = references.places.empty() ? 0 : references.places[row++];
    to = HeapBuilder::ReferenceRow{object_of(draft.from), object_of(draft.to), draft.element,
                                   draft.label,           draft.kind,          draft.certainty};
    if (to.from == to.to && to.kind == ReferenceKind::kRaw) return false;  // came to be one object since
    if (only_looks_on(draft)) return false;
    if (events_.known()) found.acquired.push_back(acquired(draft.to, place, draft.kind, draft.certainty));
    return true;
  };
  found.rows = std::move(references.rows).convert_to<HeapBuilder::ReferenceRow>(convert);
  builder_.add_references(std::move(found));
}

void Assembly::add_candidates(std::span<const Candidate> candidates, std::vector<DraftRoot>& roots) {
  for (const Candidate& candidate : candidates) {
    if (candidate.from == kNoHolder) {
      roots[candidate.root].kind = candidate.kind;
      roots[candidate.root].certainty = candidate.certainty;
    } else if (candidate.kind != ReferenceKind::kRaw || candidate.from != candidate.counted) {
      builder_.add_reference({object_of(candidate.from), object_of(candidate.counted), candidate.label, candidate.kind,
                              candidate.certainty, kNoElement,
                              acquired(candidate.counted, candidate.at, candidate.kind, candidate.certainty)});
    }
  }
}

void Assembly::add_roots(std::span<const DraftRoot> roots) {
  for (const DraftRoot& root : roots) {
    const ObjectId storage = object_at(root.at);
    const bool in_hand = storage != kNoObject && (builder_.object(storage).flags & kObjectInHand) != 0;
    builder_.add_root({object_of(root.to), root.root, root.kind, root.certainty, root.name,
                       acquired(root.to, root.at, root.kind, root.certainty), in_hand});
  }
}

// A weak reference takes nothing; a word that may be a reference shows that the holder is still there.
StackId Assembly::acquired(HolderId to, uint64_t place, ReferenceKind kind, Certainty certainty) {
  if (!events_.known() || !holders_.is_counted(to) || kind == ReferenceKind::kWeak) return {};
  const bool pays = kind == ReferenceKind::kStrong && certainty != Certainty::kConservative;
  std::optional<StackId> stack = events_.take(to, place);
  if (!stack && pays) stack = events_.take_of_only_taker(to, builder_.object(object_of(to)).strong_count);
  if (!stack) return {};
  if (!pays) builder_.add_open_acquire(object_of(to));
  return *stack;
}

void Assembly::add_events() {
  if (!events_.known()) return;
  const dump::EventSummary& events = *image_.declared.events;
  builder_.set_events(events.lost != 0, events.by_hooks_alone == 1);
  for (HolderId holder = 0; holder < holders_.counted_count(); ++holder) {
    builder_.set_event_balance(object_of(holder), events_.balance(holder));
    for (const EventTallies::Row& row : events_.rows_of(holder))
      if (row.met != row.balance)
        builder_.add_tally({object_of(holder), row.stack, row.balance - row.met, row.undecided});
  }
}

void Assembly::add_words(std::span<const DraftRoot> words, DeclaredLift& declared) {
  for (const DraftRoot& word : words) {
    const ObjectId referrer = word.at != 0 ? declared.referrer_at(word.at) : kNoObject;
    if (referrer == kNoObject)
      add_roots({&word, 1});
    else
      builder_.add_reference({referrer, object_of(word.to), declared.word_label(word.at), word.kind, word.certainty});
  }
}

ObjectId Assembly::object_at(uint64_t place) const {
  const HolderId holder = holders_.at(place);
  return holder == kNoHolder ? kNoObject : object_of(holder);
}

LabelId Assembly::label_at(uint64_t place) {
  if (const auto known = outward_.find(place); known != outward_.end()) return known->second;
  return naming_.offset_label(holders_.current(holders_.at(place)), image_.block_at(place), place);
}

void Assembly::add_storage(std::span<const DraftStorage> storage) {
  for (const DraftStorage& row : storage) builder_.add_storage({object_of(row.holder), row.label, row.bytes});
}

void Assembly::mark_in_hand(std::span<const HolderId> holders) {
  for (HolderId holder : holders) builder_.object(object_of(holder)).flags |= kObjectInHand;
}

void Assembly::mark_untyped(std::span<const HolderId> holders) {
  for (HolderId holder : holders) builder_.object(object_of(holder)).flags |= kObjectHasUntypedHolder;
}

void Assembly::add_kernel_holds(const KernelHolds& holds) {
  add_roots(holds.roots);
  for (const auto& [loop, to] : holds.registrations)
    builder_.add_reference({object_of(loop), object_of(to), LabelId{}, ReferenceKind::kRaw, Certainty::kConservative});
  mark_untyped(holds.counted);
}

void Assembly::mark_expectations() {
  for (const dump::Expectation& expectation : image_.declared.expectations) {
    const HolderId holder = holders_.at(expectation.address);
    if (holder == kNoHolder) continue;
    const HeapBuilder::ObjectRow object = builder_.object(object_of(holder));
    object.flags |= dump::kObjectReleased;
    object.note = builder_.intern("expect_released: " + std::string(image_.text(expectation.reason)));
  }
}

}  // namespace reftally
