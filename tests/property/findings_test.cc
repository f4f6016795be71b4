// What must hold of the findings of any heap, judged by sets of objects and nothing cleverer.
#include <catch2/catch.hpp>
#include <map>
#include <numeric>
#include <set>

#include "analyzer/analysis.h"
#include "analyzer/heap/drawing.h"
#include "tests/property/random_heap.h"
#include "tests/support/rounds.h"

using namespace reftally;

namespace {

constexpr int kRounds = 20'000;

// Reachability by every path among the objects of one set, references that keep the referent from going.
class DeadPart {
 public:
  DeadPart(const Heap& heap, const ObjectSet& alive) : heap_(heap), dead_(alive.size()) {
    for (size_t i = 0; i < alive.size(); i++) dead_[i] = !alive[i];
    for (size_t row = 0; row < heap.referent.size(); row++)
      if (heap.kind[row] == ReferenceKind::kStrong && heap.certainty[row] == Certainty::kExact)
        owned_.insert(index(heap.referent[row]));
  }

  bool is_in(uint32_t object) const { return dead_[object]; }
  // A pointer beside a certain owner only looks on.
  bool looks_on(uint64_t row) const {
    return heap_.kind[row] == ReferenceKind::kRaw && owned_.contains(index(heap_.referent[row]));
  }
  bool keeps(uint64_t row) const {
    return !looks_on(row) && (can_own(heap_, row) || heap_.strong_count[index(heap_.referent[row])] == 0);
  }
  // What `from` leads to in one step or more, never entering `without`.
  enum class Take { kEverything, kOwning, kOwningForCertain };
  std::set<uint32_t> below(const std::set<uint32_t>& from, const std::set<uint32_t>& without,
                           Take take = Take::kEverything) const {
    std::set<uint32_t> reached;
    std::vector<uint32_t> todo(from.begin(), from.end());
    while (!todo.empty()) {
      const uint32_t at = todo.back();
      todo.pop_back();
      for (uint64_t row = heap_.references.begin(at); row < heap_.references.end(at); row++) {
        const uint32_t to = index(heap_.referent[row]);
        const bool in_doubt = heap_.kind[row] == ReferenceKind::kAmbiguous;
        const bool follows = keeps(row) && (take == Take::kEverything || can_own(heap_, row)) &&
                             (take != Take::kOwningForCertain || !in_doubt);
        if (dead_[to] && follows && !without.contains(to) && reached.insert(to).second) todo.push_back(to);
      }
    }
    return reached;
  }
  bool is_on_cycle(uint32_t object, Take take) const {  // a destroyed object keeps nothing alive
    return heap_.strong_count[object] > 0 && below({object}, {}, take).contains(object);
  }

 private:
  const Heap& heap_;
  ObjectSet dead_;
  std::set<uint32_t> owned_;
};

std::set<uint32_t> objects_of(const Finding& finding) {
  std::set<uint32_t> objects;
  for (const auto& instance : finding.instances)
    for (ObjectId object : instance) objects.insert(index(object));
  return objects;
}

bool is_dead_rule(const Finding& finding) {
  const std::string_view rule = finding.rule;
  return rule == "unreachable-cycle" || rule == "leaked-reference" || rule == "unreachable-block";
}

void check_cycle(const Heap& heap, const Finding& finding) {
  std::set<uint32_t> seen;
  for (size_t i = 0; i < finding.cycle.size(); i++) {
    const PathStep& step = finding.cycle[i];
    const uint32_t from = index(step.from);
    REQUIRE(seen.insert(from).second);
    REQUIRE((step.reference >= heap.references.begin(from) && step.reference < heap.references.end(from)));
    REQUIRE(heap.referent[step.reference] == finding.cycle[(i + 1) % finding.cycle.size()].from);
  }
  REQUIRE(!finding.cycle.empty());
  REQUIRE(heap.is_counted(finding.cycle.front().from));
}

// Every dead object is in one finding, or held by one; what is in a finding is in no other and alive in none.
void check_dead(const Analysis& analysis) {
  const DeadPart dead(analysis.heap, analysis.reachable.conservative);
  std::map<uint32_t, int> found;
  std::set<uint32_t> starts;
  for (const Finding& finding : analysis.findings) {
    if (!is_dead_rule(finding)) continue;
    for (uint32_t object : objects_of(finding)) {
      REQUIRE(dead.is_in(object));
      found[object]++;
      starts.insert(object);
    }
  }
  const std::set<uint32_t> held = dead.below(starts, {});
  for (uint32_t i = 0; i < analysis.heap.object_count(); i++) {
    REQUIRE(found[i] <= 1);
    if (dead.is_in(i)) REQUIRE((found[i] == 1 || held.contains(i)));
    if (!dead.is_in(i) || !analysis.heap.is_counted(ObjectId{i})) continue;
    if (dead.is_on_cycle(i, DeadPart::Take::kOwningForCertain)) REQUIRE(found[i] == 1);
    // words that may be weak close it: something else may hold it
    if (dead.is_on_cycle(i, DeadPart::Take::kOwning)) REQUIRE((found[i] == 1 || held.contains(i)));
  }
  for (const Finding& finding : analysis.findings) {
    if (finding.rule == std::string_view("unreachable-cycle")) check_cycle(analysis.heap, finding);
    if (finding.rule != std::string_view("unreachable-block")) continue;
    for (const auto& instance : finding.instances) {  // nothing else that is dead leads to it
      std::set<uint32_t> own;
      for (ObjectId object : instance) own.insert(index(object));
      for (uint32_t i = 0; i < analysis.heap.object_count(); i++)
        if (dead.is_in(i) && !own.contains(i)) REQUIRE(!dead.below({i}, {}).contains(*own.begin()));
    }
  }
}

// Whether the objects hold each other when the "strong or weak" references in `weak` are weak and the others strong.
bool has_cycle(const Heap& heap, const std::set<uint32_t>& objects, const std::set<uint64_t>& weak) {
  std::set<uint32_t> left = objects;  // without what nothing left holds
  auto is_held = [&](uint32_t object) {
    for (uint32_t from : left)
      for (uint64_t row = heap.references.begin(from); row < heap.references.end(from); row++)
        if (index(heap.referent[row]) == object && can_own(heap, row) && !weak.contains(row)) return true;
    return false;
  };
  while (std::erase_if(left, [&](uint32_t object) { return !is_held(object); }) > 0) {
  }
  return !left.empty();
}

// Whether the counts allow it that just these references are weak.
bool counts_allow(const Analysis& analysis, const std::vector<uint64_t>& doubtful, const std::set<uint64_t>& weak) {
  const Heap& heap = analysis.heap;
  std::map<uint32_t, int64_t> weak_left, strong_left;
  for (uint64_t row : doubtful) {
    const uint32_t to = index(heap.referent[row]);
    weak_left[to] = heap.weak_count[to];
    strong_left[to] = analysis.accounts.remainder[to];
  }
  for (size_t row = 0; row < heap.referent.size(); row++)
    if (heap.kind[row] == ReferenceKind::kWeak) weak_left[index(heap.referent[row])]--;
  for (uint64_t row : doubtful) (weak.contains(row) ? weak_left : strong_left)[index(heap.referent[row])]--;
  return std::all_of(doubtful.begin(), doubtful.end(), [&](uint64_t row) {
    const uint32_t to = index(heap.referent[row]);
    return weak_left[to] >= 0 && strong_left[to] >= 0;
  });
}

// What something else that is dead may hold is a cycle however its "strong or weak" references are taken.
void check_doubt(const Analysis& analysis) {
  constexpr size_t kMostDoubtful = 12;
  const Heap& heap = analysis.heap;
  const DeadPart dead(heap, analysis.reachable.conservative);
  for (const Finding& finding : analysis.findings) {
    if (finding.rule != std::string_view("unreachable-cycle")) continue;
    for (const auto& instance : finding.instances) {
      std::set<uint32_t> inside;
      for (ObjectId object : instance) inside.insert(index(object));
      std::vector<uint64_t> doubtful;
      bool held_from_outside = false;
      for (uint32_t from = 0; from < heap.object_count(); from++) {
        for (uint64_t row = heap.references.begin(from); row < heap.references.end(from); row++) {
          if (!inside.contains(index(heap.referent[row]))) continue;
          held_from_outside |= !inside.contains(from) && can_own(heap, row) && !dead.looks_on(row);
          if (heap.kind[row] == ReferenceKind::kAmbiguous) doubtful.push_back(row);
        }
      }
      if (!held_from_outside || doubtful.size() > kMostDoubtful) continue;
      for (uint32_t subset = 0; subset < (1u << doubtful.size()); subset++) {
        std::set<uint64_t> weak;
        for (size_t i = 0; i < doubtful.size(); i++)
          if (subset >> i & 1) weak.insert(doubtful[i]);
        if (counts_allow(analysis, doubtful, weak)) REQUIRE(has_cycle(heap, inside, weak));
      }
    }
  }
}

// Retained: what no other start leads to without passing the finding.
void check_retained(const Analysis& analysis) {
  const DeadPart dead(analysis.heap, analysis.reachable.conservative);
  std::set<uint32_t> starts;
  for (const Finding& finding : analysis.findings)
    if (is_dead_rule(finding)) starts.merge(objects_of(finding));
  for (const Finding& finding : analysis.findings) {
    if (!is_dead_rule(finding)) continue;
    const std::set<uint32_t> own = objects_of(finding);
    std::set<uint32_t> others;
    for (uint32_t start : starts)
      if (!own.contains(start)) others.insert(start);
    std::set<uint32_t> kept = dead.below(others, own), with = dead.below(own, {});
    kept.insert(others.begin(), others.end());
    uint64_t bytes = 0, objects = 0;
    with.insert(own.begin(), own.end());
    for (uint32_t object : with) {
      if (kept.contains(object)) continue;
      bytes += analysis.heap.size[object];
      objects++;
    }
    REQUIRE(finding.retained_bytes == bytes);
    REQUIRE(finding.held_objects == objects - own.size());
  }
}

void check_unowned(const Analysis& analysis) {
  for (const Finding& finding : analysis.findings) {
    if (finding.rule != std::string_view("unowned-cycle")) continue;
    check_cycle(analysis.heap, finding);
    for (uint32_t object : objects_of(finding)) {
      REQUIRE(!analysis.reachable.ownership[object]);
      REQUIRE(analysis.reachable.conservative[object]);
      REQUIRE(analysis.accounts.remainder[object] == 0);
    }
    for (const PathStep& step : finding.cycle) {
      REQUIRE(analysis.heap.kind[step.reference] == ReferenceKind::kStrong);
      REQUIRE(analysis.heap.certainty[step.reference] != Certainty::kConservative);
    }
    const bool any_immortal = std::any_of(analysis.heap.flags.begin(), analysis.heap.flags.end(),
                                          [](uint32_t flags) { return (flags & dump::kObjectImmortal) != 0; });
    REQUIRE((finding.root || any_immortal));  // no root leads to what only an immortal object holds
  }
}

// Objects that `from` leads to, inside, through one reference or more.
std::set<uint32_t> led_to(const Heap& heap, uint32_t from, const std::set<uint32_t>& inside,
                          const std::set<LabelId>& labels) {
  std::set<uint32_t> found;
  std::vector<uint32_t> open{from};
  while (!open.empty()) {
    const uint32_t at = open.back();
    open.pop_back();
    for (uint64_t row = heap.references.begin(at); row < heap.references.end(at); row++) {
      const bool weak = heap.kind[row] != ReferenceKind::kRaw && labels.contains(heap.label[row]);
      const uint32_t to = index(heap.referent[row]);
      if (can_own(heap, row) && !weak && inside.contains(to) && found.insert(to).second) open.push_back(to);
    }
  }
  return found;
}

// No reference is on a cycle, but for plain pointers from block to block.
bool is_acyclic_without(const Heap& heap, const std::vector<ObjectId>& objects, const std::set<LabelId>& labels) {
  std::set<uint32_t> inside;
  for (ObjectId object : objects) inside.insert(index(object));
  std::map<uint32_t, std::set<uint32_t>> leads;
  for (uint32_t from : inside) leads[from] = led_to(heap, from, inside, labels);
  for (uint32_t from : inside)
    for (uint64_t row = heap.references.begin(from); row < heap.references.end(from); row++) {
      const uint32_t to = index(heap.referent[row]);
      const bool is_plain = heap.kind[row] == ReferenceKind::kRaw;
      if (!inside.contains(to) || !can_own(heap, row) || (!is_plain && labels.contains(heap.label[row]))) continue;
      const bool on_cycle = to == from || leads[to].contains(from);
      const bool between_blocks = !heap.is_counted(ObjectId{from}) && !heap.is_counted(ObjectId{to});
      if (on_cycle && !(is_plain && between_blocks)) return false;
    }
  return true;
}

// T2 with the references of some labels weak, by going round until nothing more is reached.
ObjectSet owned_without(const Analysis& analysis, const std::set<LabelId>& labels) {
  const Heap& heap = analysis.heap;
  ObjectSet owned(heap.object_count(), 0);
  for_each_owned_by_nothing_seen(heap, analysis.accounts, analysis.reachable,
                                 [&](ObjectId object) { owned[index(object)] = 1; });
  for (bool changed = true; changed;) {
    changed = false;
    for (uint32_t from = 0; from < heap.object_count(); from++)
      for (uint64_t row = heap.references.begin(from); owned[from] && row < heap.references.end(from); row++) {
        const ObjectId to = heap.referent[row];
        const bool enters = !heap.is_counted(to) || (can_own(heap, row) && !labels.contains(heap.label[row]));
        changed |= enters && !owned[index(to)];
        owned[index(to)] |= enters;
      }
  }
  return owned;
}

uint64_t count_lost(const Analysis& analysis, const std::set<LabelId>& labels) {
  const ObjectSet owned = owned_without(analysis, labels);
  uint64_t lost = 0;
  for (uint32_t i = 0; i < owned.size(); i++)
    lost += analysis.heap.is_counted(ObjectId{i}) && analysis.reachable.ownership[i] && !owned[i];
  return lost;
}

void check_advice(const Analysis& analysis) {
  const Heap& heap = analysis.heap;
  for (const Finding& finding : analysis.findings) {
    if (!finding.advice) continue;
    std::set<LabelId> advised{heap.label[finding.advice->weaken]};
    for (uint64_t row : finding.advice->also) advised.insert(heap.label[row]);
    std::set<LabelId> all;
    for (const auto& objects : finding.instances) {
      const std::set<ObjectId> inside(objects.begin(), objects.end());
      for (ObjectId object : objects)
        for (uint64_t row = heap.references.begin(index(object)); row < heap.references.end(index(object)); row++)
          if (heap.kind[row] == ReferenceKind::kStrong && heap.is_counted(heap.referent[row]) &&
              inside.contains(heap.referent[row]))  // a member that leads out of the cycle is none of it
            all.insert(heap.label[row]);
    }
    std::vector<const std::vector<ObjectId>*> breakable;
    uint32_t broken = 0;
    for (const auto& objects : finding.instances) {
      if (is_acyclic_without(heap, objects, all)) breakable.push_back(&objects);
      broken += is_acyclic_without(heap, objects, advised);
    }
    REQUIRE(broken == breakable.size());
    REQUIRE(finding.advice->breaks == broken);
    const std::vector<LabelId> labels(all.begin(), all.end());
    REQUIRE(labels.size() < 20);
    bool any_costs_nothing = false;
    for (uint32_t subset = 0; subset < (1u << labels.size()); subset++) {
      std::set<LabelId> chosen;
      for (size_t i = 0; i < labels.size(); i++)
        if (subset >> i & 1) chosen.insert(labels[i]);
      if (chosen.size() > advised.size()) continue;
      const bool does = std::all_of(breakable.begin(), breakable.end(),
                                    [&](const auto* objects) { return is_acyclic_without(heap, *objects, chosen); });
      REQUIRE((!does || chosen.size() == advised.size()));  // nothing smaller would do
      any_costs_nothing |= does && count_lost(analysis, chosen) == 0;
    }
    const uint64_t lost = count_lost(analysis, advised);
    REQUIRE((lost == 0) == any_costs_nothing);
    if (lost != 0) REQUIRE(finding.advice->reason.find("; but " + std::to_string(lost) + " live") != std::string::npos);
    if (finding.advice->safe) REQUIRE(lost == 0);
    const std::vector<std::vector<LabelId>> sets = {{}, {advised.begin(), advised.end()}};
    const auto at_once = find_owned_without(heap, analysis.accounts, analysis.reachable, sets);
    const ObjectSet owned = owned_without(analysis, advised);
    for (uint32_t i = 0; i < heap.object_count(); i++)
      REQUIRE(at_once[i] == ((analysis.reachable.ownership[i] != 0) | (owned[i] != 0) << 1));
  }
}

using Signature = std::multiset<std::string>;

Signature signature_of(const Analysis& analysis) {
  Signature signature;
  for (const Finding& finding : analysis.findings)
    signature.insert(std::string(finding.rule) + " " + finding.fingerprint + " " +
                     std::to_string(finding.instances.size()) + " " + std::to_string(finding.retained_bytes));
  return signature;
}

}  // namespace

TEST_CASE("every dead object is found once or held, and retained sizes are what would be freed") {
  Random random(10);
  for (int round = 0; round < rounds(kRounds); round++) {
    const Analysis analysis = analyze_heap(RandomHeap(random).build());
    INFO(write_drawing(analysis.heap));
    check_dead(analysis);
    check_doubt(analysis);
    check_retained(analysis);
    check_unowned(analysis);
  }
}

TEST_CASE("advice is a least set of members that breaks every instance that can be broken") {
  Random random(11);
  for (int round = 0; round < rounds(kRounds); round++) {
    const Analysis analysis = analyze_heap(RandomHeap(random).build());
    INFO(write_drawing(analysis.heap));
    check_advice(analysis);
  }
}

TEST_CASE("findings are the same wherever the objects lie") {
  Random random(12);
  for (int round = 0; round < rounds(kRounds); round++) {
    const RandomHeap drawn(random);
    std::vector<uint32_t> place(drawn.objects.size());
    std::iota(place.begin(), place.end(), 0u);
    const Analysis first = analyze_heap(drawn.build(place));
    std::shuffle(place.begin(), place.end(), random);
    const Analysis second = analyze_heap(drawn.build(place));
    INFO(write_drawing(first.heap) << "---\n" << write_drawing(second.heap));
    REQUIRE(signature_of(first) == signature_of(second));
  }
}
