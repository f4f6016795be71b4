// References told by words alone: every word that points into a block. A word that holds the address of a counter
// is a candidate for a counted reference; counts.h decides whether it is strong.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/base/growing_column.h"
#include "analyzer/flavours/counted_object.h"
#include "analyzer/flavours/holders.h"
#include "analyzer/flavours/word_states.h"
#include "analyzer/heap/heap.h"
#include "analyzer/image/debug_types.h"
#include "analyzer/image/image.h"

namespace reftally {

struct DraftReference {
  HolderId from = kNoHolder, to = kNoHolder;
  uint32_t element = kNoElement;
  LabelId label : kLabelBits{};
  ReferenceKind kind : 2 = ReferenceKind::kRaw;
  Certainty certainty : 2 = Certainty::kConservative;
};
static_assert(sizeof(DraftReference) == 16);

class DraftReferences {
 public:
  explicit DraftReferences(const Image& image) : has_events_(image.declared.events.has_value()) {}

  // `place`: address of the word, when it may hold a counted reference. Asked for again only by events.
  void push_back(const DraftReference& reference, uint64_t place) {
    rows.push_back(reference);
    if (has_events_) places.push_back(place);
  }
  void pop_back() {
    rows.pop_back();
    if (has_events_) places.pop_back();
  }

  GrowingColumn<DraftReference> rows;
  GrowingColumn<uint64_t> places;  // by row, when there are events

 private:
  bool has_events_;
};

// Memory that a container keeps elements in.
struct DraftStorage {
  HolderId holder = kNoHolder;
  LabelId label{};
  uint64_t bytes = 0;
};

struct DraftRoot {
  HolderId to = kNoHolder;
  RootKind root = RootKind::kExternal;
  ReferenceKind kind = ReferenceKind::kRaw;
  Certainty certainty = Certainty::kConservative;
  StringId name{};
  uint64_t at = 0;  // address of the word; 0 for a register
};

// What a word's place says of it.
enum class Trust : uint8_t {
  kLive,    // in a live value: strong, weak, or the program has a bug
  kBuffer,  // in a block where dead words are common: proves nothing, and can be told only as what is left over
  kStack,   // on a stack, in a register, in a mapping nobody knows
};

// A word equal to the address of a counter, whose meaning types did not tell.
struct Candidate {
  uint64_t at = 0;            // address of the word; 0 for a register
  uint64_t slot = 0;          // equal for words that play the same part in objects of one type; 0 for none
  uint32_t counted = 0;       // index of the counted object; once settled, what it leads to
  HolderId from = kNoHolder;  // kNoHolder for roots
  LabelId label{};
  uint32_t root = 0;  // index into the draft roots, for roots
  Trust trust = Trust::kLive;
  bool in_pair = false;  // behind a pointer to the object's value, as in a shared_ptr
  bool is_own = false;   // stands in the object it leads to
  bool is_told = false;  // by an event: a holder here took a reference and has not given it back
  ReferenceKind kind = ReferenceKind::kAmbiguous;
  Certainty certainty = Certainty::kConservative;
};

struct HeapWords {
  explicit HeapWords(const Image& image) : references(image) {}

  DraftReferences references;
  std::vector<Candidate> candidates;
  std::vector<HolderId> untyped;  // counted objects that words nobody knows lead to
};

struct PointerTarget {
  HolderId holder = kNoHolder;
  uint32_t counted = CountedObjects::kNone;  // when the word is the address of its counter
};

// What a word refers to. Pointers with a tag in the top 16 bits are looked at without it.
class PointerReader {
 public:
  PointerReader(const Image& image, const CountedObjects& counted, const Holders& holders);
  bool may_point(uint64_t word) const { return (word & kAddressMask) - lowest_ < span_; }
  PointerTarget target(uint64_t word) const;
  // Blocks below 4 GiB may be held by pointers of 32 bits: GHashTable has such.
  bool may_be_halves() const { return span_ != 0 && lowest_ >> 32 == 0; }
  bool is_counted(HolderId holder) const { return holders_.is_counted(holder); }
  bool leads_to_value(uint64_t word, uint32_t counted) const;

 private:
  static constexpr uint64_t kAddressMask = 0x0000ffffffffffff;
  const CountedObjects& counted_;
  const Holders& holders_;
  uint64_t lowest_ = 0, span_ = 0;
};

class Buffers;
class Naming;

HeapWords scan_heap(const Image& image, const CountedObjects& counted, const Holders& holders, const WordStates& states,
                    const Buffers& buffers, const PointerReader& reader, Naming& naming);

}  // namespace reftally
