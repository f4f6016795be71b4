// Which references of a cycle to make weak: the smallest set of members whose weakening leaves no cycle in any
// instance, and of those the one that points back.
#pragma once

#include <optional>

#include "analyzer/findings/feedback_set.h"
#include "analyzer/findings/rules.h"

namespace reftally {

class Advisor {
 public:
  explicit Advisor(const RuleInput& input) : input_(input), check_(input.heap) {}

  // Nothing when the cycle has no member that could be made weak: words without names, or owners that do not count.
  std::optional<Advice> advise(const Finding& finding);

 private:
  // Live objects that would lose their last owner if these members were weak; nothing when that was not looked at.
  std::optional<uint64_t> live_losses(const std::vector<LabelId>& members);
  void find_members_in_use();
  // Fills breaks and frees_bytes.
  void weigh(const Finding& finding, const std::vector<LabelId>& members, Advice& advice);

  const RuleInput& input_;
  CycleCheck check_;
  std::vector<uint8_t> in_use_;  // by label: some live object refers strongly through it
  int searches_left_ = 12;       // over the whole heap, for all findings together
};

}  // namespace reftally
