#include "analyzer/findings/owner_losses.h"

#include <algorithm>

#include "analyzer/base/huge_pages.h"

namespace reftally {
namespace {

constexpr size_t kSetsAtOnce = 15;  // find_owned_without takes no more

}  // namespace

OwnerLosses::OwnerLosses(const RuleInput& input, const std::vector<LabelId>& members)
    : input_(input), bit_(input.heap.labels.size(), kOthers), in_use_(input.heap.labels.size(), 0) {
  for (size_t i = 0, told = 0; i < members.size() && told < kToldApart; i++)
    if (Bits& bit = bit_[index(members[i])]; bit == kOthers) bit = static_cast<Bits>(1u << told++);
  std::vector<Bits> holders;
  assign_column(holders, input.heap.object_count(), Bits{0});
  look_at_references(holders);
  collect_exclusive(holders);
}

void OwnerLosses::look_at_references(std::vector<Bits>& holders) {
  constexpr uint64_t kAhead = 32;
  const Heap& heap = input_.heap;
  const uint64_t rows = heap.referent.size();
  for (uint32_t from = 0; from < heap.object_count(); from++) {
    if (!input_.reachable.ownership[from]) continue;
    for (uint64_t row = heap.references.begin(from); row < heap.references.end(from); row++) {
      if (row + kAhead < rows) __builtin_prefetch(&holders[index(heap.referent[row + kAhead])], 1);
      const ObjectId to = heap.referent[row];
      if (!can_own(heap, row) || !heap.is_counted(to)) continue;
      in_use_[index(heap.label[row])] = 1;
      holders[index(to)] |= bit_[index(heap.label[row])];
    }
  }
  for_each_owned_by_nothing_seen(heap, input_.accounts, input_.reachable,
                                 [&](ObjectId object) { holders[index(object)] |= kOthers; });
}

void OwnerLosses::collect_exclusive(const std::vector<Bits>& holders) {
  std::vector<uint8_t> seen(size_t{1} << (kToldApart + 1), 0);
  for (uint32_t i = 0; i < holders.size(); i++)
    if (input_.reachable.ownership[i] && holders[i] != 0) seen[holders[i]] = 1;
  for (uint32_t bits = 0; bits < kOthers; bits++)
    if (seen[bits]) exclusive_.push_back(static_cast<Bits>(bits));
}

OwnerLosses::Bits OwnerLosses::bits_of(const std::vector<LabelId>& set) const {
  unsigned bits = 0;
  for (LabelId member : set) bits |= bit_[index(member)];
  return static_cast<Bits>(bits & ~unsigned{kOthers});
}

bool OwnerLosses::costs_nothing(const std::vector<LabelId>& set) const {
  return std::none_of(set.begin(), set.end(), [&](LabelId member) { return in_use_[index(member)] != 0; });
}

bool OwnerLosses::costs_something(const std::vector<LabelId>& set) const {
  const Bits bits = bits_of(set);
  return std::any_of(exclusive_.begin(), exclusive_.end(), [&](Bits holders) { return (holders & ~bits) == 0; });
}

std::optional<uint64_t> OwnerLosses::objects_lost(const std::vector<LabelId>& set) const {
  if (costs_nothing(set)) return 0;
  const auto found = counted_.find(set);
  return found == counted_.end() ? std::nullopt : std::optional(found->second);
}

void OwnerLosses::count(const std::vector<std::vector<LabelId>>& sets) {
  std::vector<std::vector<LabelId>> open;
  for (const std::vector<LabelId>& set : sets)
    if (!objects_lost(set) && std::find(open.begin(), open.end(), set) == open.end()) open.push_back(set);
  for (size_t first = 0; first < open.size(); first += kSetsAtOnce)
    count_at_once(std::span(open).subspan(first, std::min(kSetsAtOnce, open.size() - first)));
}

void OwnerLosses::count_at_once(std::span<const std::vector<LabelId>> sets) {
  const Heap& heap = input_.heap;
  const std::vector<uint16_t> owned = find_owned_without(heap, input_.accounts, input_.reachable, sets);
  const auto all = static_cast<uint16_t>((1u << sets.size()) - 1);
  std::vector<uint64_t> lost(sets.size(), 0);
  for (uint32_t i = 0; i < heap.object_count(); i++) {
    if (owned[i] == all || !input_.reachable.ownership[i] || !heap.is_counted(ObjectId{i})) continue;
    for (size_t k = 0; k < sets.size(); k++) lost[k] += (owned[i] >> k & 1) == 0;
  }
  for (size_t k = 0; k < sets.size(); k++) counted_[sets[k]] = lost[k];
}

}  // namespace reftally
