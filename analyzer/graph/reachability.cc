#include <algorithm>

#include "analyzer/base/error.h"
#include "analyzer/base/huge_pages.h"
#include "analyzer/graph/prefetch.h"
#include "analyzer/graph/reference_graph.h"

namespace reftally {
namespace {

// T1 and T2 in one search. What T2 may not follow is kept, and T1 goes on from there: it has little left to do. Last
// come the objects with an opaque holder that only T1 has reached, then those that words of no type lead to.
class Search {
 public:
  Search(const Heap& heap, const Accounts& accounts) : heap_(heap), accounts_(accounts) {
    assign_column(mark_, heap.object_count(), uint8_t{kUnseen});
    reserve_column(queue_, heap.object_count());
  }

  Reachability run() {
    for (const HeapRoot& root : heap_.roots) root_can_own(heap_, root) ? own(root.to) : reach(root.to);
    // Nobody destroys an immortal object, whatever its references.
    for (uint32_t i = 0; i < heap_.object_count(); i++)
      if ((heap_.flags[i] & dump::kObjectImmortal) != 0) own(ObjectId{i});
    flood_owned();
    flood_reached();
    for (ObjectId object : reached_)
      if (may_have_unseen_holder(heap_, accounts_, index(object))) own(object);
    flood_owned();
    for (ObjectId object : reached_)
      if ((heap_.flags[index(object)] & kObjectHasUntypedHolder) != 0 && mark_[index(object)] != kOwned) {
        in_doubt_.push_back(object);
        own(object);
      }
    flood_owned();
    return result();
  }

 private:
  enum : uint8_t { kUnseen = 0, kReached, kOwned };

  void own(ObjectId object) {
    if (mark_[index(object)] == kOwned) return;
    mark_[index(object)] = kOwned;
    queue_.push_back(object);
  }

  void flood_owned() {
    flood_forward(heap_, queue_, mark_, uint8_t{kOwned}, [&](uint64_t row) {
      if (is_entered_by(heap_, row)) return true;
      reach(heap_.referent[row]);
      return false;
    });
    queue_.clear();
  }

  void reach(ObjectId object) {
    if (mark_[index(object)] != kUnseen) return;
    mark_[index(object)] = kReached;
    reached_.push_back(object);
  }

  void flood_reached() {
    std::erase_if(reached_, [&](ObjectId object) { return mark_[index(object)] == kOwned; });
    flood_forward(heap_, reached_, mark_, uint8_t{kReached},
                  [&](uint64_t row) { return mark_[index(heap_.referent[row])] == kUnseen; });
  }

  Reachability result() const {
    Reachability result;
    assign_column(result.conservative, mark_.size(), uint8_t{0});
    assign_column(result.ownership, mark_.size(), uint8_t{0});
    for (size_t i = 0; i < mark_.size(); i++) {
      result.conservative[i] = mark_[i] != kUnseen;
      result.ownership[i] = mark_[i] == kOwned;
    }
    for (ObjectId object : in_doubt_) result.ownership[index(object)] = kOwnedInDoubt;
    return result;
  }

  const Heap& heap_;
  const Accounts& accounts_;
  ObjectSet mark_;
  std::vector<ObjectId> queue_, reached_, in_doubt_;
};

// Hands on bits, by object: bit k when set k leaves it owned. What has all bits is final, and most has: it goes first,
// and once. The rest is looked at again when more bits come, unless it still waits in the queue.
class BitSearch {
 public:
  BitSearch(const Heap& heap, std::span<const std::vector<LabelId>> weak_sets)
      : heap_(heap), all_(static_cast<uint16_t>((1u << weak_sets.size()) - 1)), cuts_(heap.labels.size(), 0) {
    require(weak_sets.size() < 16, "at most 15 sets of members at once");
    for (size_t k = 0; k < weak_sets.size(); k++)
      for (LabelId label : weak_sets[k]) cuts_[index(label)] |= static_cast<uint16_t>(1u << k);
    assign_column(mark_, heap.object_count(), uint16_t{0});
    reserve_column(queue_, heap.object_count());
  }

  void own(ObjectId object) {
    if (mark_[index(object)] == all_) return;
    mark_[index(object)] = all_;
    queue_.push_back(object);
  }

  std::vector<uint16_t> run() {
    flood_forward(heap_, queue_, mark_, all_, [&](uint64_t row) {
      if (!is_entered_by(heap_, row)) return false;
      const unsigned cut = cuts_of(row);
      if (cut != 0) arrive(heap_.referent[row], all_ & ~cut);
      return cut == 0;
    });
    while (!partial_.empty()) {
      queue_.clear();
      queue_.swap(partial_);
      for (size_t head = 0; head < queue_.size(); head++) {
        prefetch_for_queue(heap_, queue_, head, mark_);
        if (mark_[index(queue_[head])] != all_) hand_on(queue_[head]);
      }
    }
    for (uint16_t& bits : mark_) bits &= all_;
    return std::move(mark_);
  }

 private:
  static constexpr uint16_t kWaits = 1u << 15;

  unsigned cuts_of(uint64_t row) const {
    const unsigned cut = cuts_[index(heap_.label[row])];
    return cut != 0 && heap_.is_counted(heap_.referent[row]) ? cut : 0;
  }

  void arrive(ObjectId object, unsigned bits) {
    uint16_t& at = mark_[index(object)];
    if ((bits & ~unsigned{at}) == 0) return;
    if ((at & kWaits) == 0) partial_.push_back(object);
    at = static_cast<uint16_t>(at | bits | kWaits);
  }

  void hand_on(ObjectId object) {
    const uint32_t from = index(object);
    mark_[from] = static_cast<uint16_t>(mark_[from] & ~kWaits);
    for (uint64_t row = heap_.references.begin(from); row < heap_.references.end(from); row++)
      if (is_entered_by(heap_, row)) arrive(heap_.referent[row], mark_[from] & ~cuts_of(row));
  }

  const Heap& heap_;
  const uint16_t all_;
  std::vector<uint16_t> cuts_;  // by label: the sets that have it
  std::vector<uint16_t> mark_;
  std::vector<ObjectId> queue_, partial_;
};

}  // namespace

bool root_can_own(const Heap& heap, const HeapRoot& root) {
  if (!heap.is_counted(root.to)) return true;
  return root.reference == ReferenceKind::kStrong || root.reference == ReferenceKind::kAmbiguous;
}

Reachability find_reachable(const Heap& heap, const Accounts& accounts) { return Search(heap, accounts).run(); }

std::vector<uint16_t> find_owned_without(const Heap& heap, const Accounts& accounts, const Reachability& reachable,
                                         std::span<const std::vector<LabelId>> weak_sets) {
  BitSearch search(heap, weak_sets);
  for_each_owned_by_nothing_seen(heap, accounts, reachable, [&](ObjectId object) { search.own(object); });
  return search.run();
}

}  // namespace reftally
