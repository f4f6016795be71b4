// Passes over whole heaps against the plainest way to say what they mean: repeat until nothing changes.
#include <catch2/catch.hpp>

#include "analyzer/graph/retaining_path.h"
#include "analyzer/graph/trial_deletion.h"
#include "analyzer/heap/drawing.h"
#include "tests/property/random_heap.h"
#include "tests/support/rounds.h"

using namespace reftally;

namespace {

constexpr int kRounds = 20'000;

template <class Step>
void for_each_reference(const Heap& heap, Step step) {
  for (uint32_t from = 0; from < heap.object_count(); from++)
    for (uint64_t row = heap.references.begin(from); row < heap.references.end(from); row++)
      step(from, row, index(heap.referent[row]));
}

template <class Follow>
void close_under(const Heap& heap, ObjectSet& set, Follow follow) {
  for (bool changed = true; changed;) {
    changed = false;
    for_each_reference(heap, [&](uint32_t from, uint64_t row, uint32_t to) {
      if (!set[from] || set[to] || !follow(row)) return;
      set[to] = 1;
      changed = true;
    });
  }
}

bool owns(ReferenceKind kind) { return kind == ReferenceKind::kStrong || kind == ReferenceKind::kAmbiguous; }

ObjectSet slow_conservative(const Heap& heap) {
  ObjectSet set(heap.object_count(), 0);
  for (const HeapRoot& root : heap.roots) set[index(root.to)] = 1;
  for (uint32_t i = 0; i < heap.object_count(); i++) set[i] |= (heap.flags[i] & dump::kObjectImmortal) != 0;
  close_under(heap, set, [](uint64_t) { return true; });
  return set;
}

ObjectSet slow_ownership(const Heap& heap, const Accounts& accounts, const ObjectSet& conservative) {
  ObjectSet set(heap.object_count(), 0);
  for (const HeapRoot& root : heap.roots)
    if (!heap.is_counted(root.to) || owns(root.reference)) set[index(root.to)] = 1;
  for (uint32_t i = 0; i < heap.object_count(); i++)
    set[i] |= conservative[i] && (accounts.opaque[i] > 0 || (heap.flags[i] & dump::kObjectImmortal) != 0);
  close_under(heap, set, [&](uint64_t row) { return can_own(heap, row); });
  return set;
}

}  // namespace

TEST_CASE("accounts add up to the strong count") {
  Random random(1);
  for (int round = 0; round < rounds(kRounds); round++) {
    const Heap heap = RandomHeap(random).build();
    const Accounts accounts = close_accounts(heap);
    for (uint32_t i = 0; i < heap.object_count(); i++) {
      int64_t from_heap = 0, from_roots = 0;
      for_each_reference(heap, [&](uint32_t, uint64_t row, uint32_t to) {
        from_heap += to == i && pays_for_count(heap.kind[row], heap.certainty[row]);
      });
      for (const HeapRoot& root : heap.roots)
        from_roots += index(root.to) == i && pays_for_count(root.reference, root.certainty);
      if (!heap.has_account(ObjectId{i})) from_heap = from_roots = 0;
      REQUIRE(accounts.heap_references[i] == from_heap);
      REQUIRE(accounts.root_references[i] == from_roots);
      if (heap.has_account(ObjectId{i}))
        REQUIRE(accounts.remainder[i] == heap.strong_count[i] - from_heap - from_roots);
      REQUIRE(accounts.opaque[i] >= 0);
      REQUIRE(accounts.opaque[i] <= std::max<int64_t>(0, accounts.remainder[i]));
    }
  }
}

TEST_CASE("both reachabilities are the least sets closed under their references") {
  Random random(2);
  for (int round = 0; round < rounds(kRounds); round++) {
    const Heap heap = RandomHeap(random).build();
    const Accounts accounts = close_accounts(heap);
    const Reachability reachable = find_reachable(heap, accounts);
    const ObjectSet conservative = slow_conservative(heap);
    REQUIRE(reachable.conservative == conservative);
    REQUIRE(reachable.ownership == slow_ownership(heap, accounts, conservative));
    for (uint32_t i = 0; i < heap.object_count(); i++) REQUIRE(reachable.ownership[i] <= reachable.conservative[i]);
  }
}

TEST_CASE("trial deletion leaves what is reached from a participant that is held from outside") {
  Random random(3);
  for (int round = 0; round < rounds(kRounds); round++) {
    const Heap heap = RandomHeap(random).build();
    ObjectSet participants(heap.object_count());
    for (uint8_t& in : participants) in = random() % 4 != 0;
    auto takes_part = [&](uint32_t i) { return participants[i] && heap.has_account(ObjectId{i}); };
    ObjectSet held(heap.object_count(), 0);
    for (uint32_t i = 0; i < heap.object_count(); i++) {
      if (!takes_part(i)) continue;
      int64_t inside = 0;
      for_each_reference(heap, [&](uint32_t from, uint64_t row, uint32_t to) {
        inside += to == i && takes_part(from) && pays_for_count(heap.kind[row], heap.certainty[row]);
      });
      held[i] = heap.strong_count[i] > inside;
    }
    close_under(heap, held,
                [&](uint64_t row) { return takes_part(index(heap.referent[row])) && owns(heap.kind[row]); });
    const ObjectSet garbage = find_garbage(heap, participants);
    for (uint32_t i = 0; i < heap.object_count(); i++) REQUIRE(bool(garbage[i]) == (takes_part(i) && !held[i]));
  }
}

TEST_CASE("a retaining path has the fewest doubtful steps, then if it can no call under way, then the fewest steps") {
  Random random(4);
  auto doubtful = [](ReferenceKind kind, Certainty certainty) {
    return certainty == Certainty::kConservative || kind == ReferenceKind::kAmbiguous;
  };
  for (int round = 0; round < rounds(kRounds); round++) {
    const Heap heap = RandomHeap(random).build();
    RetainingPaths paths(heap);
    for (Follow follow : {Follow::kOwners, Follow::kAnything}) {
      auto follows = [&](uint64_t row) { return follow == Follow::kAnything || can_own(heap, row); };
      constexpr int kFar = 1 << 20, kDoubt = 1 << 10, kCall = 1 << 9;  // each outweighs any number of certain steps
      std::vector<int> cost(heap.object_count(), kFar);
      auto root_cost = [&](const HeapRoot& root) {
        const bool may = follow == Follow::kAnything || !heap.is_counted(root.to) || owns(root.reference);
        if (!may || doubtful(root.reference, root.certainty)) return may ? kDoubt : kFar;
        return is_passing(root.kind) ? kCall : 0;
      };
      for (const HeapRoot& root : heap.roots) cost[index(root.to)] = std::min(cost[index(root.to)], root_cost(root));
      auto step_cost = [&](uint64_t row) { return 1 + kDoubt * doubtful(heap.kind[row], heap.certainty[row]); };
      for (uint32_t sweep = 0; sweep < heap.object_count(); sweep++)
        for_each_reference(heap, [&](uint32_t from, uint64_t row, uint32_t to) {
          if (follows(row)) cost[to] = std::min(cost[to], cost[from] + step_cost(row));
        });
      for (uint32_t i = 0; i < heap.object_count(); i++) {
        const RetainingPath path = paths.path_to(ObjectId{i}, follow);
        REQUIRE(path.root.has_value() == (cost[i] < kFar));
        if (!path.root) continue;
        const HeapRoot& root = heap.roots[*path.root];
        uint32_t at = index(root.to);
        int found = root_cost(root);
        for (uint64_t row : path.references) {
          REQUIRE((row >= heap.references.begin(at) && row < heap.references.end(at) && follows(row)));
          at = index(heap.referent[row]);
          found += step_cost(row);
        }
        REQUIRE(at == i);
        REQUIRE(found == cost[i]);
      }
    }
  }
}

TEST_CASE("a heap drawn and read again is the same heap") {
  Random random(5);
  for (int round = 0; round < rounds(kRounds); round++) {
    const Heap heap = RandomHeap(random).build();
    const DrawnHeap again = read_drawing(write_drawing(heap));
    REQUIRE(again.heap.strong_count == heap.strong_count);
    REQUIRE(again.heap.weak_count == heap.weak_count);
    REQUIRE(again.heap.flags == heap.flags);
    REQUIRE(again.heap.size == heap.size);
    REQUIRE(again.heap.referent == heap.referent);
    REQUIRE(again.heap.references.offsets == heap.references.offsets);
    REQUIRE(again.heap.kind == heap.kind);
    REQUIRE(again.heap.certainty == heap.certainty);
    REQUIRE(again.heap.roots.size() == heap.roots.size());
    for (uint32_t i = 0; i < heap.object_count(); i++)
      REQUIRE(again.heap.type_name(ObjectId{i}) == heap.type_name(ObjectId{i}));
  }
}
