#include "analyzer/flavours/event_tallies.h"

#include <algorithm>
#include <tuple>

#include "analyzer/flavours/matched_releases.h"

namespace reftally {

namespace {

// Events of a count inside an object name the object, or the base of it that counts.
uint32_t counted_at(const CountedObjects& counted, const Holders& holders, uint64_t address) {
  const uint32_t exact = counted.at(address);
  if (exact != CountedObjects::kNone) return exact;
  const HolderId holder = holders.at(address);
  const bool inside =
      holder != kNoHolder && holders.is_counted(holder) && counts_inside(counted.objects[holder].flavour);
  return inside ? holder : CountedObjects::kNone;
}

}  // namespace

EventTallies::EventTallies(const Image& image, const DebugTypes& types, const CountedObjects& counted,
                           const Holders& holders) {
  for (const dump::EventTally& tally : image.declared.tallies) {
    const uint32_t object = counted_at(counted, holders, tally.object);
    if (object == CountedObjects::kNone || tally.balance == 0) continue;
    rows_.push_back({object, tally.holder, StackId{tally.stack}, tally.balance});
  }
  // Where a runtime's objects are (CPython's), the events may all be theirs.
  known_ = image.declared.events.has_value() && (image.declared.objects.empty() || !rows_.empty());
  std::sort(rows_.begin(), rows_.end(), [](const Row& a, const Row& b) {
    return std::tuple(a.counted, a.holder, index(a.stack)) < std::tuple(b.counted, b.holder, index(b.stack));
  });
  match_unheld(image, types, counted);
}

// Where holders are not told, a reference given back shows as two rows.
void EventTallies::match_unheld(const Image& image, const DebugTypes& types, const CountedObjects& counted) {
  const auto function_of = [&](uint64_t ip) { return types.symbol_at(ip - 1); };
  std::vector<Row> matched, of_object;
  for (size_t begin = 0, end = 0; begin < rows_.size(); begin = end) {
    while (end < rows_.size() && rows_[end].counted == rows_[begin].counted) ++end;
    const CountedObject& object = counted.objects[rows_[begin].counted];
    of_object.assign(rows_.begin() + static_cast<ptrdiff_t>(begin), rows_.begin() + static_cast<ptrdiff_t>(end));
    int64_t balance = 0;
    for (const Row& row : of_object) balance += row.balance;
    const auto first = std::find_if(of_object.begin(), of_object.end(), [](const Row& row) { return row.holder != 0; });
    const std::vector<Row> held(first, of_object.end());
    of_object.erase(first, of_object.end());
    if (counts_inside(object.flavour) && !of_object.empty() && object.block != Image::kNoBlock)
      match_releases(image, image.blocks[object.block].stack, object.strong != balance, function_of, of_object);
    matched.insert(matched.end(), of_object.begin(), of_object.end());
    matched.insert(matched.end(), held.begin(), held.end());
  }
  rows_ = std::move(matched);
}

std::span<const EventTallies::Row> EventTallies::rows_of(uint32_t counted) const {
  const auto range = std::equal_range(rows_.begin(), rows_.end(), Row{counted},
                                      [](const Row& a, const Row& b) { return a.counted < b.counted; });
  return {range.first, range.second};
}

size_t EventTallies::find(uint32_t counted, uint64_t holder) const {
  const auto found = std::lower_bound(rows_.begin(), rows_.end(), Row{counted, holder}, [](const Row& a, const Row& b) {
    return std::tie(a.counted, a.holder) < std::tie(b.counted, b.holder);
  });
  const bool same = found != rows_.end() && found->counted == counted && found->holder == holder;
  return same ? static_cast<size_t>(found - rows_.begin()) : rows_.size();
}

bool EventTallies::holds(uint32_t counted, uint64_t place) const {
  const size_t row = place != 0 ? find(counted, place) : rows_.size();
  return row != rows_.size() && rows_[row].balance > 0;
}

bool EventTallies::counts(const CountedObjects& counted, HolderId to, uint64_t place) const {
  if (to >= counted.objects.size() || !holds(to, place)) return false;
  const int64_t untold = counted.objects[to].strong - balance(to);
  return untold == 0 || untold == 1;  // the first reference
}

void EventTallies::settle(const CountedObjects& counted, DraftReferences& references) const {
  for (size_t row = 0; row < references.places.size(); ++row) {
    DraftReference& reference = references.rows[row];
    if (reference.kind != ReferenceKind::kAmbiguous || !counts(counted, reference.to, references.places[row])) continue;
    reference.kind = ReferenceKind::kStrong;
    reference.certainty = Certainty::kExact;
  }
}

void EventTallies::settle(const CountedObjects& counted, std::vector<DraftRoot>& roots) const {
  for (DraftRoot& root : roots)
    if (root.kind == ReferenceKind::kAmbiguous && counts(counted, root.to, root.at))
      root.kind = ReferenceKind::kStrong, root.certainty = Certainty::kExact;
}

std::optional<StackId> EventTallies::take(uint32_t counted, uint64_t place) {
  const size_t row = place != 0 ? find(counted, place) : rows_.size();
  if (row == rows_.size() || rows_[row].met != 0) return std::nullopt;
  rows_[row].met = rows_[row].balance;
  return rows_[row].stack;
}

std::optional<StackId> EventTallies::take_of_only_taker(uint32_t counted, int64_t strong_count) {
  Row* only = nullptr;
  for (const Row& row : rows_of(counted)) {
    if (row.balance < 0 && !row.undecided) continue;  // the first reference, which is gone
    if (only != nullptr || row.holder != 0 || row.undecided) return std::nullopt;
    only = &rows_[static_cast<size_t>(&row - rows_.data())];
  }
  if (only == nullptr || only->balance != strong_count || only->met == only->balance) return std::nullopt;
  ++only->met;
  return only->stack;
}

int64_t EventTallies::balance(uint32_t counted) const {
  int64_t sum = 0;
  for (const Row& row : rows_of(counted)) sum += row.balance;
  return sum;
}

}  // namespace reftally
