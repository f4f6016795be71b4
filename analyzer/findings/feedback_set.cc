#include "analyzer/findings/feedback_set.h"

#include <algorithm>

#include "analyzer/graph/reference_graph.h"

namespace reftally {
namespace {

constexpr size_t kFewCandidates = 16;         // of so few all subsets are tried
constexpr size_t kLargestTried = 4;           // members of a set of more candidates, before taking any set that does
constexpr uint64_t kEdgeBudget = 20'000'000;  // edges looked at while trying sets

class FeedbackSearch {
 public:
  FeedbackSearch(CycleCheck& check, const Heap& heap, const std::vector<LabelId>& candidates)
      : check_(check), candidates_(candidates), removed_(heap.labels.size(), 0) {}

  void keep_breakable(std::vector<const std::vector<ObjectId>*> instances) {
    mark(candidates_, 1);
    for (const std::vector<ObjectId>* objects : instances)
      if (check_.is_acyclic_without(*objects, removed_)) instances_.push_back(objects);
    mark(candidates_, 0);
  }

  std::vector<FeedbackSet> run() {
    if (instances_.empty()) return {};
    const uint64_t limit = check_.edges_looked_at() + kEdgeBudget;
    const size_t largest = candidates_.size() <= kFewCandidates ? candidates_.size() : kLargestTried;
    for (size_t size = 1; size <= largest; size++) {
      std::vector<FeedbackSet> found;
      std::vector<LabelId> chosen;
      const bool finished = try_sets(size, 0, chosen, found, limit);
      if (!finished && found.empty()) break;
      if (!found.empty()) return found;
    }
    return {any_set()};
  }

 private:
  // Sets of `size` more members, from the candidate at `first` on; false when the budget ran out.
  bool try_sets(size_t size, size_t first, std::vector<LabelId>& chosen, std::vector<FeedbackSet>& found,
                uint64_t limit) {
    if (size == 0) {
      if (does(chosen)) found.push_back({chosen, true});
      return check_.edges_looked_at() < limit;
    }
    for (size_t i = first; i + size <= candidates_.size(); i++) {
      chosen.push_back(candidates_[i]);
      const bool go_on = try_sets(size - 1, i + 1, chosen, found, limit);
      chosen.pop_back();
      if (!go_on) return false;
    }
    return true;
  }

  // All candidates, then without the worst, and so on, as long as no cycle comes back.
  FeedbackSet any_set() {
    std::vector<LabelId> set = candidates_;
    for (size_t i = set.size(); i-- > 0;) {
      std::vector<LabelId> fewer = set;
      fewer.erase(fewer.begin() + static_cast<ptrdiff_t>(i));
      if (does(fewer)) set = std::move(fewer);
    }
    return {std::move(set), false};
  }

  bool does(const std::vector<LabelId>& members) {
    mark(members, 1);
    const bool broken = std::all_of(instances_.begin(), instances_.end(), [&](const std::vector<ObjectId>* objects) {
      return check_.is_acyclic_without(*objects, removed_);
    });
    mark(members, 0);
    return broken;
  }

  void mark(const std::vector<LabelId>& members, uint8_t value) {
    for (LabelId member : members) removed_[index(member)] = value;
  }

  CycleCheck& check_;
  const std::vector<LabelId>& candidates_;
  std::vector<uint8_t> removed_;  // by label
  std::vector<const std::vector<ObjectId>*> instances_;
};

}  // namespace

template <class Visit>
void CycleCheck::for_each_edge(ObjectId from, const std::vector<uint8_t>& removed, Visit visit) {
  for (uint64_t row = heap_.references.begin(index(from)); row < heap_.references.end(index(from)); row++) {
    looked_at_++;
    const uint32_t to = local_[index(heap_.referent[row])];
    if (to == kOutside || !can_own(heap_, row)) continue;
    if (heap_.kind[row] != ReferenceKind::kRaw && removed[index(heap_.label[row])]) continue;
    visit(to, row);
  }
}

// Kahn's topological order: it takes in all objects exactly when there is no cycle.
bool CycleCheck::is_acyclic_without(const std::vector<ObjectId>& objects, const std::vector<uint8_t>& removed) {
  for (uint32_t i = 0; i < objects.size(); i++) local_[index(objects[i])] = i;
  degree_.assign(objects.size(), 0);
  for (ObjectId object : objects) for_each_edge(object, removed, [&](uint32_t to, uint64_t) { degree_[to]++; });
  queue_.clear();
  for (uint32_t i = 0; i < objects.size(); i++)
    if (degree_[i] == 0) queue_.push_back(i);
  for (size_t head = 0; head < queue_.size(); head++)
    for_each_edge(objects[queue_[head]], removed, [&](uint32_t to, uint64_t) {
      if (--degree_[to] == 0) queue_.push_back(to);
    });
  const bool is_acyclic = queue_.size() == objects.size() || only_pointers_are_cyclic(objects, removed);
  for (ObjectId object : objects) local_[index(object)] = kOutside;
  return is_acyclic;
}

// Of what the order left out: whether its cycles are of blocks and plain pointers alone. Nodes of a list or tree whose
// type is unknown point to each other both ways, and go with their owner.
bool CycleCheck::only_pointers_are_cyclic(const std::vector<ObjectId>& objects, const std::vector<uint8_t>& removed) {
  const auto is_plain = [&](uint32_t i, uint32_t to, uint64_t row) {
    return heap_.kind[row] == ReferenceKind::kRaw && !heap_.is_counted(objects[i]) && !heap_.is_counted(objects[to]);
  };
  bool any_plain = false;
  CsrOffsets edges;
  std::vector<uint32_t> target;
  for (uint32_t i = 0; i < objects.size(); i++) {
    if (degree_[i] > 0)
      for_each_edge(objects[i], removed, [&](uint32_t to, uint64_t row) {
        target.push_back(to);
        any_plain |= is_plain(i, to, row);
      });
    edges.offsets.push_back(target.size());
  }
  if (!any_plain) return false;
  const Components components = find_components(edges, target);
  bool only_plain = true;
  for (uint32_t i = 0; i < objects.size(); i++) {
    if (degree_[i] == 0) continue;
    for_each_edge(objects[i], removed, [&](uint32_t to, uint64_t row) {
      only_plain &= components.component[i] != components.component[to] || is_plain(i, to, row);
    });
  }
  return only_plain;
}

std::vector<FeedbackSet> find_feedback_sets(CycleCheck& check, const Heap& heap,
                                            const std::vector<const std::vector<ObjectId>*>& instances,
                                            const std::vector<LabelId>& candidates) {
  FeedbackSearch search(check, heap, candidates);
  search.keep_breakable(instances);
  return search.run();
}

}  // namespace reftally
