#include "analyzer/flavours/event_tallies.h"

#include <algorithm>
#include <tuple>

namespace reftally {

namespace {

// Events of a count inside an object name the object, or the base of it that counts.
uint32_t counted_at(const CountedObjects& counted, const Holders& holders, uint64_t address) {
  const uint32_t exact = counted.at(address);
  if (exact != CountedObjects::kNone) return exact;
  const HolderId holder = holders.at(address);
  const bool inside =
      holder != kNoHolder && holders.is_counted(holder) && counted.objects[holder].flavour == FlavourId::kIntrusive;
  return inside ? holder : CountedObjects::kNone;
}

}  // namespace

EventTallies::EventTallies(const Image& image, const CountedObjects& counted, const Holders& holders)
    : known_(image.declared.events.has_value()) {
  for (const dump::EventTally& tally : image.declared.tallies) {
    const uint32_t object = counted_at(counted, holders, tally.object);
    if (object == CountedObjects::kNone || tally.balance == 0) continue;
    rows_.push_back({object, tally.holder, StackId{tally.stack}, tally.balance, false});
  }
  std::sort(rows_.begin(), rows_.end(), [](const Row& a, const Row& b) {
    return std::tuple(a.counted, a.holder, index(a.stack)) < std::tuple(b.counted, b.holder, index(b.stack));
  });
}

std::span<const EventTallies::Row> EventTallies::rows_of(uint32_t counted) const {
  const auto range = std::equal_range(rows_.begin(), rows_.end(), Row{counted},
                                      [](const Row& a, const Row& b) { return a.counted < b.counted; });
  return {range.first, range.second};
}

std::optional<StackId> EventTallies::take(uint32_t counted, uint64_t place) {
  if (place == 0) return std::nullopt;
  const auto found = std::lower_bound(rows_.begin(), rows_.end(), Row{counted, place}, [](const Row& a, const Row& b) {
    return std::tie(a.counted, a.holder) < std::tie(b.counted, b.holder);
  });
  if (found == rows_.end() || found->counted != counted || found->holder != place || found->met) return std::nullopt;
  found->met = true;
  return found->stack;
}

int64_t EventTallies::balance(uint32_t counted) const {
  int64_t sum = 0;
  for (const Row& row : rows_of(counted)) sum += row.balance;
  return sum;
}

}  // namespace reftally
