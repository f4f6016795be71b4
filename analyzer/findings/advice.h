// Which references of a cycle to make weak: the smallest set of members whose weakening leaves no cycle in any
// instance, and of those the one that points back.
#pragma once

#include <optional>

#include "analyzer/findings/feedback_set.h"
#include "analyzer/findings/owner_losses.h"
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
  static constexpr size_t kSetsTried = 60;  // for all findings together

  struct Draft;  // a finding with the sets of members that would do
  void draft(Finding& finding);
  std::optional<Advice> visit_advice(const Finding& finding) const;
  std::optional<Advice> advice_of(const Draft& draft);
  std::vector<std::vector<LabelId>> sets_to_try() const;
  void find_losses();
  // The first set that no live object objects to.
  const FeedbackSet* without_loss(const Draft& draft) const;
  // Fills breaks and frees_bytes.
  void weigh(const Finding& finding, const std::vector<LabelId>& members, Advice& advice);

  const RuleInput& input_;
  CycleCheck check_;
  std::vector<Draft> drafts_;
  std::optional<OwnerLosses> losses_;
};

}  // namespace reftally
