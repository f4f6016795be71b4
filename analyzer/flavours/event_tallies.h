// What reference count events left (dump/format.h, EventTally), asked by counted object and by the word that refers
// to it: which call took that reference, and which references were taken whose holder does not refer any more.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "analyzer/flavours/counted_object.h"
#include "analyzer/flavours/holders.h"
#include "analyzer/flavours/words.h"
#include "analyzer/image/debug_types.h"
#include "analyzer/image/image.h"

namespace reftally {

class EventTallies {
 public:
  struct Row {
    uint32_t counted = 0;  // index of the object
    uint64_t holder = 0;
    StackId stack{};
    int32_t balance = 0;
    int32_t met = 0;         // of them, those that memory shows
    bool undecided = false;  // as in HeapTally
  };

  EventTallies(const Image& image, const DebugTypes& types, const CountedObjects& counted, const Holders& holders);

  bool known() const { return known_; }  // the program told events
  // The stack that took the reference in the word at `place`; nothing when no event told of it. Each answers once.
  std::optional<StackId> take(uint32_t counted, uint64_t place);
  // The same where holders are not told, of a reference that counts: nothing when it may be one of several.
  std::optional<StackId> take_of_only_taker(uint32_t counted, int64_t strong_count);
  bool holds(uint32_t counted, uint64_t place) const;  // a reference was taken there, and not given back
  // Where types leave open whether a word counts, and events say that it does: it is strong. Where events do not make
  // up the object's count nothing is settled.
  void settle(const CountedObjects& counted, DraftReferences& references) const;
  void settle(const CountedObjects& counted, std::vector<DraftRoot>& roots) const;
  std::span<const Row> rows_of(uint32_t counted) const;
  int64_t balance(uint32_t counted) const;

 private:
  void match_unheld(const Image& image, const DebugTypes& types, const CountedObjects& counted);
  bool counts(const CountedObjects& counted, HolderId to, uint64_t place) const;
  size_t find(uint32_t counted, uint64_t holder) const;  // row of it, or rows_.size()

  bool known_ = false;
  std::vector<Row> rows_;  // by object and holder
};

}  // namespace reftally
