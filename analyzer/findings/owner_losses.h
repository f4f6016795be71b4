// What live objects would lose their last owner if the members of some set were weak.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "analyzer/findings/rules.h"

namespace reftally {

class OwnerLosses {
 public:
  // Looks at the references of the heap once, for the labels of `members`: best first, for only the first are told
  // apart there.
  OwnerLosses(const RuleInput& input, const std::vector<LabelId>& members);

  // Searches the heap for what the sets cost, many in one search; those that are known already are left out.
  void count(const std::vector<std::vector<LabelId>>& sets);

  // Told by the one look at all references: no live object refers through a member of the set; or some live object is
  // held through nothing else.
  bool costs_nothing(const std::vector<LabelId>& set) const;
  bool costs_something(const std::vector<LabelId>& set) const;
  // Objects; nothing when it was not counted.
  std::optional<uint64_t> objects_lost(const std::vector<LabelId>& set) const;

 private:
  // A label's bit in the holders of an object; what has none shares the last.
  using Bits = uint16_t;
  static constexpr size_t kToldApart = 15;
  static constexpr Bits kOthers = 1u << kToldApart;

  void look_at_references(std::vector<Bits>& holders);
  void collect_exclusive(const std::vector<Bits>& holders);
  Bits bits_of(const std::vector<LabelId>& set) const;
  void count_at_once(std::span<const std::vector<LabelId>> sets);

  const RuleInput& input_;
  std::vector<Bits> bit_;        // by label
  std::vector<uint8_t> in_use_;  // by label: whether some live object refers through it
  std::vector<Bits> exclusive_;  // each once: labels that together are all that holds some live object
  std::map<std::vector<LabelId>, uint64_t> counted_;
};

}  // namespace reftally
