#include "analyzer/findings/advice.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <unordered_map>
#include <unordered_set>

namespace reftally {
namespace {

constexpr size_t kInstancesWeighed = 32;     // instances of one shape are alike: more would only cost time
constexpr size_t kInstanceObjects = 20'000;  // an instance with more objects is weighed only if there is no smaller

bool contains_word(std::string_view path, std::string_view word) {
  std::string lower;
  for (char c : path) lower.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
  return lower.find(word) != std::string::npos;
}

// Names only break ties between members that break the cycles equally well (research/lint.md: names may rank, never
// find).
bool reads_as_back_reference(std::string_view path) {
  for (std::string_view word : {"parent", "owner", "back", "self", "prev", "delegate", "context", "observer"})
    if (contains_word(path, word)) return true;
  return false;
}

// "items_", "items_.second": the side that has many, or might.
bool reads_as_plural(std::string_view path) {
  std::string_view name = path.substr(0, path.find_first_of(".[ "));
  while (name.ends_with('_')) name.remove_suffix(1);
  return name.ends_with('s') && !name.ends_with("ss");
}

// What the instances say of one member: who refers to whom through it.
struct Member {
  LabelId label{};
  uint64_t reference = 0;  // an example
  uint64_t references = 0, referrers = 0, referents = 0;
  uint64_t to_older = 0, to_younger = 0;
  bool in_closure = false, back_name = false, in_container = false, plural_name = false;
  bool is_self = true;             // always from an object to itself
  bool is_local = false;           // a variable of a frame that the cycle keeps
  bool against_container = false;  // of the members of these cycles another is a container, and this is none

  bool many_to_one() const { return references > referents && referrers > referents; }
  bool points_back() const {
    return in_closure || is_local || is_self || to_older > to_younger || many_to_one() || against_container;
  }
  // Least first: what to weaken before what.
  int rank() const {
    if (in_closure || is_local || is_self) return 0;
    int rank = 10;
    if (back_name) rank -= 4;
    if (many_to_one()) rank -= 3;
    if (to_older > to_younger) rank -= 2;
    if (to_younger > to_older) rank += 2;
    if (in_container) rank += 3;
    if (plural_name && !back_name) rank += 1;
    return rank;
  }
};

bool can_be_weak(const Heap& heap, uint64_t row) {
  return heap.kind[row] == ReferenceKind::kStrong && heap.is_counted(heap.referent[row]) &&
         heap.label[row] != LabelId{} && (heap.labels[index(heap.label[row])].flags & kLabelFixed) == 0;
}

bool is_closure(std::string_view text) {
  return text.find("[lambda ") != std::string_view::npos || text.ends_with(".bind");
}

class Members {
 public:
  Members(const Heap& heap, const std::vector<const std::vector<ObjectId>*>& instances) : heap_(heap) {
    for (const std::vector<ObjectId>* objects : instances) {
      inside_.clear();
      for (ObjectId object : *objects) inside_.insert(index(object));
      for (ObjectId object : *objects) add_references_of(object);
    }
    for (auto& [label, seen] : seen_) {
      Member& member = seen.member;
      member.referrers = seen.referrers.size();
      member.referents = seen.referents.size();
      members_.push_back(member);
    }
    const bool any_container = std::any_of(members_.begin(), members_.end(), [](const Member& member) {
      return member.in_container && !member.back_name;  // a list of observers owns none of them
    });
    for (Member& member : members_) member.against_container = any_container && !member.in_container;
    std::sort(members_.begin(), members_.end(), [&](const Member& a, const Member& b) {
      if (a.rank() != b.rank()) return a.rank() < b.rank();
      const HeapLabel &x = heap.labels[index(a.label)], &y = heap.labels[index(b.label)];
      return std::pair(heap.text(x.owner), heap.text(x.path)) < std::pair(heap.text(y.owner), heap.text(y.path));
    });
  }

  const std::vector<Member>& ranked() const { return members_; }

 private:
  struct Seen {
    Member member;
    std::unordered_set<uint32_t> referrers, referents;
  };

  void add_references_of(ObjectId from) {
    for (uint64_t row = heap_.references.begin(index(from)); row < heap_.references.end(index(from)); row++) {
      const ObjectId to = heap_.referent[row];
      if (!can_be_weak(heap_, row) || !inside_.contains(index(to))) continue;
      Seen& seen = seen_[index(heap_.label[row])];
      if (seen.referrers.empty()) describe(seen.member, from, row);
      seen.referrers.insert(index(from));
      seen.referents.insert(index(to));
      seen.member.references++;
      seen.member.is_self &= from == to;
      const uint32_t born = heap_.birth_order[index(from)], older = heap_.birth_order[index(to)];
      if (born != 0 && older != 0) {
        seen.member.to_older += older < born;
        seen.member.to_younger += older > born;
      }
    }
  }

  void describe(Member& member, ObjectId from, uint64_t row) const {
    const HeapLabel& label = heap_.labels[index(heap_.label[row])];
    const std::string_view path = heap_.text(label.path);
    member.label = heap_.label[row];
    member.reference = row;
    member.in_closure = is_closure(path) || is_closure(heap_.text(label.owner)) || is_closure(heap_.type_name(from));
    member.in_container = path.find("[]") != std::string_view::npos;
    member.back_name = reads_as_back_reference(path);
    member.plural_name = reads_as_plural(path);
    member.is_local = path.starts_with("local ");
  }

  const Heap& heap_;
  std::unordered_map<uint32_t, Seen> seen_;  // by label
  std::unordered_set<uint32_t> inside_;      // objects of the instance at hand
  std::vector<Member> members_;
};

std::vector<const std::vector<ObjectId>*> instances_to_weigh(const Finding& finding) {
  std::vector<const std::vector<ObjectId>*> chosen;
  for (const std::vector<ObjectId>& objects : finding.instances)
    if (chosen.size() < kInstancesWeighed && (chosen.empty() || objects.size() <= kInstanceObjects))
      chosen.push_back(&objects);
  return chosen;
}

std::string direction(const Heap& heap, const Member& member) {
  if (member.in_closure)
    return "the closure is stored in what it captures: capture a weak_ptr and lock() it when it runs";
  if (member.is_self) return "an object need not own itself";
  if (member.is_local) return "a variable of a frame that the cycle keeps: delete it when the function is done with it";
  if (member.many_to_one()) return "many refer through it to one that holds them: it points back";
  if (member.to_older > member.to_younger)
    return fmt::format("it points back to an older {}, which came to hold the younger one",
                       heap.type_name(heap.referent[member.reference]));
  if (member.against_container) return "it is the single reference that goes against a container of owners";
  return "nothing in this dump tells which side owns the other: weaken the side that does not";
}

}  // namespace

std::optional<Advice> Advisor::advise(const Finding& finding) {
  const Heap& heap = input_.heap;
  const std::vector<const std::vector<ObjectId>*> instances = instances_to_weigh(finding);
  const Members members(heap, instances);
  std::vector<LabelId> candidates;
  for (const Member& member : members.ranked()) candidates.push_back(member.label);
  if (candidates.empty()) return std::nullopt;
  const std::vector<FeedbackSet> sets = find_feedback_sets(check_, heap, instances, candidates);
  if (sets.empty()) return std::nullopt;

  // Sets come smallest first and in order of rank: take the first that no live object objects to.
  const FeedbackSet* chosen = &sets.front();
  std::optional<uint64_t> losses;
  for (const FeedbackSet& set : sets) {
    const std::optional<uint64_t> of_set = live_losses(set.members);
    if (&set == &sets.front()) losses = of_set;
    if (of_set != 0) continue;
    chosen = &set;
    losses = of_set;
    break;
  }

  // A class, its tuple of bases and its descriptors are a cycle by nature, and members of every class are alike.
  if (losses != 0 && is_declared(heap, finding.instances.front().front())) return std::nullopt;

  const auto first = std::find_if(members.ranked().begin(), members.ranked().end(),
                                  [&](const Member& member) { return member.label == chosen->members.front(); });
  Advice advice;
  advice.weaken = first->reference;
  advice.safe = losses == 0;
  advice.reason = direction(heap, *first);
  for (size_t i = 1; i < chosen->members.size(); i++) {
    const auto other = std::find_if(members.ranked().begin(), members.ranked().end(),
                                    [&](const Member& member) { return member.label == chosen->members[i]; });
    advice.also.push_back(other->reference);
  }
  for (LabelId label : chosen->members)
    for (const Member& member : members.ranked())
      if (member.label == label) advice.safe &= member.points_back();
  if (!chosen->is_smallest) advice.reason += "; there may be a smaller set: the cycles are too many to try all";
  if (losses && *losses > 0)
    advice.reason += fmt::format("; but {} live object{} no other owner", *losses, *losses == 1 ? " has" : "s have");
  weigh(finding, chosen->members, advice);
  return advice;
}

void Advisor::weigh(const Finding& finding, const std::vector<LabelId>& members, Advice& advice) {
  std::vector<uint8_t> weak(input_.heap.labels.size(), 0);
  for (LabelId member : members) weak[index(member)] = 1;
  const bool is_dead =
      input_.unreachable.component_of(finding.instances.front().front()) != EvidenceGraph::kNoComponent;
  const EvidenceGraph& graph = is_dead ? input_.unreachable : input_.unowned;
  std::vector<uint32_t> freed;
  for (const std::vector<ObjectId>& objects : finding.instances) {
    if (!check_.is_acyclic_without(objects, weak)) continue;
    advice.breaks++;
    // A count that nobody holds outlives the cycle.
    const bool has_lost = std::any_of(objects.begin(), objects.end(),
                                      [&](ObjectId object) { return input_.accounts.opaque[index(object)] > 0; });
    if (!has_lost) freed.push_back(graph.component_of(objects.front()));
  }
  advice.frees_bytes = freed.size() == finding.instances.size() ? finding.retained_bytes
                       : freed.empty()                          ? 0
                                                                : graph.retained_by({freed}).front().bytes;
}

void Advisor::find_members_in_use() {
  const Heap& heap = input_.heap;
  in_use_.assign(heap.labels.size(), 0);
  for (uint32_t i = 0; i < heap.object_count(); i++) {
    if (!input_.reachable.ownership[i]) continue;
    for (uint64_t row = heap.references.begin(i); row < heap.references.end(i); row++)
      if (can_own(heap, row) && heap.is_counted(heap.referent[row])) in_use_[index(heap.label[row])] = 1;
  }
}

std::optional<uint64_t> Advisor::live_losses(const std::vector<LabelId>& members) {
  if (in_use_.empty()) find_members_in_use();
  std::vector<uint8_t> weak(input_.heap.labels.size(), 0);
  bool used = false;
  for (LabelId member : members) {
    weak[index(member)] = 1;
    used |= in_use_[index(member)] != 0;
  }
  if (!used) return 0;
  if (searches_left_-- <= 0) return std::nullopt;
  const ObjectSet owned = find_owned(input_.heap, input_.accounts, input_.reachable.conservative, weak);
  uint64_t lost = 0;
  for (uint32_t i = 0; i < input_.heap.object_count(); i++)
    lost += input_.reachable.ownership[i] && !owned[i] && input_.heap.is_counted(ObjectId{i});
  return lost;
}

}  // namespace reftally
