// Minimum feedback sets of members: sets of labels such that, with every reference of these labels gone, no cycle is
// left. Finding the least one is NP-hard (R. Karp, 1972); a bug has few members, so that all small sets can be tried.
#pragma once

#include <vector>

#include "analyzer/heap/heap.h"

namespace reftally {

// Whether the references that can own, without those of `removed` (by label), form no cycle among the objects but of
// plain pointers between blocks.
class CycleCheck {
 public:
  explicit CycleCheck(const Heap& heap) : heap_(heap), local_(heap.object_count(), kOutside) {}

  bool is_acyclic_without(const std::vector<ObjectId>& objects, const std::vector<uint8_t>& removed);
  uint64_t edges_looked_at() const { return looked_at_; }

 private:
  static constexpr uint32_t kOutside = 0xffffffff;

  bool only_pointers_are_cyclic(const std::vector<ObjectId>& objects, const std::vector<uint8_t>& removed);
  template <class Visit>
  void for_each_edge(ObjectId from, const std::vector<uint8_t>& removed, Visit visit);

  const Heap& heap_;
  std::vector<uint32_t> local_;   // by object: its place among the objects at hand
  std::vector<uint32_t> degree_;  // by place: references to it still standing
  std::vector<uint32_t> queue_;
  uint64_t looked_at_ = 0;
};

struct FeedbackSet {
  std::vector<LabelId> members;  // in the order of the candidates
  bool is_smallest = true;       // no set of fewer members does; false when there were too many to try
};

// All least sets, in the order of their candidates (best first); one set that may not be least when there are too many;
// none when even all candidates together leave a cycle in every instance. Instances that cannot be broken are left out.
std::vector<FeedbackSet> find_feedback_sets(CycleCheck& check, const Heap& heap,
                                            const std::vector<const std::vector<ObjectId>*>& instances,
                                            const std::vector<LabelId>& candidates);

}  // namespace reftally
