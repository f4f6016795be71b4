// Which references of a cycle to make weak: the smallest set of members whose weakening leaves no cycle in any
// instance, and of those the one that points back.
#pragma once

#include <map>
#include <optional>

#include "analyzer/findings/feedback_set.h"
#include "analyzer/findings/rules.h"

namespace reftally {

class Advisor {
 public:
  explicit Advisor(const RuleInput& input);
  ~Advisor();

  // Fills the advice of cycles; a cycle without a member that could be made weak (words without names, owners that do
  // not count) gets none.
  void advise(std::vector<Finding>& findings);

 private:
  static constexpr size_t kSetsAtOnce = 15;  // find_owned_without takes no more
  static constexpr size_t kSetsTried = 60;   // for all findings together

  struct Draft;  // a finding with the sets of members that would do
  void draft(Finding& finding);
  std::optional<Advice> advice_of(const Draft& draft);
  std::vector<uint8_t> find_members_in_use() const;
  std::vector<std::vector<LabelId>> sets_to_try(const std::vector<uint8_t>& in_use);
  void find_losses();
  // Live objects that would lose their last owner if these members were weak; nothing when that was not looked at.
  std::optional<uint64_t> losses_of(const std::vector<LabelId>& members) const;
  // Fills breaks and frees_bytes.
  void weigh(const Finding& finding, const std::vector<LabelId>& members, Advice& advice);

  const RuleInput& input_;
  CycleCheck check_;
  std::vector<Draft> drafts_;
  std::map<std::vector<LabelId>, std::optional<uint64_t>> losses_;
};

}  // namespace reftally
