#include "analyzer/findings/advice.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>
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
  uint64_t known_weakly = 0;  // the referrer has a weak reference to the same object too
  LabelId weakly{};           // through which
  bool in_closure = false, in_coroutine = false, back_name = false, in_container = false, plural_name = false;
  bool is_self = true;             // always from an object to itself
  bool is_local = false;           // a variable of a frame that the cycle keeps
  bool is_promised = false;        // leads to or from the state of a promise
  bool keeps_traceback = false;    // CPython: leads to an exception that has one, or to the traceback
  bool against_container = false;  // of the members of these cycles another is a container, and this is none

  // An index of weak references beside a list of owners says nothing of the sort.
  bool is_weak_elsewhere() const { return !is_self && !in_container && known_weakly == references; }
  bool many_to_one() const { return references > referents && referrers > referents; }
  bool points_back() const {
    return in_closure || in_coroutine || keeps_traceback || is_self || to_older > to_younger || many_to_one() ||
           against_container || is_weak_elsewhere();
  }
  // Who was there first breaks ties: a child is made after its parent, but an observer after what it reads from too.
  int age() const { return (to_younger > to_older) - (to_older > to_younger); }
  // Least first: what to weaken before what.
  int rank() const {
    if (in_closure || in_coroutine || is_self || (is_local && keeps_traceback)) return 0;
    if (keeps_traceback) return 1;
    int rank = is_local ? 20 : 10;  // `self` of a coroutine can hardly be deleted
    if (back_name) rank -= 4;
    if (is_weak_elsewhere()) rank -= 5;
    if (many_to_one()) rank -= 3;
    if (in_container) rank += 3;
    if (plural_name && !back_name) rank += 1;
    return rank;
  }
};

// What Qt's containers keep their elements in, which copies of a container share.
bool is_shared_storage(std::string_view type) {
  return type.starts_with("QTypedArrayData<") || type.starts_with("QMapData<") ||
         type.starts_with("QHashPrivate::Data<");
}

bool can_be_weak(const Heap& heap, uint64_t row) {
  if (is_shared_storage(heap.type_name(heap.referent[row]))) return false;
  return heap.kind[row] == ReferenceKind::kStrong && heap.is_counted(heap.referent[row]) &&
         heap.label[row] != LabelId{} && (heap.labels[index(heap.label[row])].flags & kLabelFixed) == 0;
}

bool has_traceback(const Heap& heap, ObjectId object) {
  if (heap.type_name(object) == "traceback") return true;
  for (uint64_t row = heap.references.begin(index(object)); row < heap.references.end(index(object)); row++)
    if (heap.text(heap.labels[index(heap.label[row])].path) == "__traceback__") return true;
  return false;
}

bool is_closure(std::string_view text) {
  return text.find("[lambda ") != std::string_view::npos || text.ends_with(".bind") ||
         text.find(".bind.get<") != std::string_view::npos;
}

// The shared state of a promise and its futures, or the value in it, of libstdc++ and libc++.
bool is_promised(std::string_view text) {
  return text.find("std::__future_base::_") != std::string_view::npos ||
         text.find("__assoc_state<") != std::string_view::npos;
}

bool is_of_container(std::string_view path) { return path.find("[]") != std::string_view::npos; }

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
      if (a.age() != b.age()) return a.age() < b.age();
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
    const std::unordered_map<uint32_t, LabelId> weak = weak_references_of(from);
    for (uint64_t row = heap_.references.begin(index(from)); row < heap_.references.end(index(from)); row++) {
      const ObjectId to = heap_.referent[row];
      if (!can_be_weak(heap_, row) || !inside_.contains(index(to))) continue;
      Seen& seen = seen_[index(heap_.label[row])];
      if (seen.referrers.empty()) describe(seen.member, from, row);
      seen.referrers.insert(index(from));
      seen.referents.insert(index(to));
      seen.member.references++;
      seen.member.is_self &= from == to;
      if (const auto known = weak.find(index(to)); known != weak.end()) {
        seen.member.known_weakly++;
        seen.member.weakly = known->second;
      }
      const uint32_t born = heap_.birth_order[index(from)], older = heap_.birth_order[index(to)];
      if (born != 0 && older != 0) {
        seen.member.to_older += older < born;
        seen.member.to_younger += older > born;
      }
    }
  }

  std::unordered_map<uint32_t, LabelId> weak_references_of(ObjectId from) const {
    std::unordered_map<uint32_t, LabelId> weak;
    for (uint64_t row = heap_.references.begin(index(from)); row < heap_.references.end(index(from)); row++)
      if (heap_.kind[row] == ReferenceKind::kWeak &&
          !is_of_container(heap_.text(heap_.labels[index(heap_.label[row])].path)))
        weak.emplace(index(heap_.referent[row]), heap_.label[row]);
    return weak;
  }

  void describe(Member& member, ObjectId from, uint64_t row) const {
    const HeapLabel& label = heap_.labels[index(heap_.label[row])];
    const std::string_view path = heap_.text(label.path);
    member.label = heap_.label[row];
    member.reference = row;
    member.in_closure = is_closure(path) || is_closure(heap_.text(label.owner)) || is_closure(heap_.type_name(from));
    member.in_coroutine = heap_.text(label.owner).starts_with("coroutine frame of ");
    member.in_container = is_of_container(path);
    member.back_name = reads_as_back_reference(path);
    member.plural_name = reads_as_plural(path);
    member.is_promised = is_promised(path) || is_promised(heap_.text(label.owner)) ||
                         is_promised(heap_.type_name(from)) || is_promised(heap_.type_name(heap_.referent[row]));
    member.is_local = path.starts_with("local ");
    member.keeps_traceback = heap_.flavour[index(from)] == FlavourId::kPython && path != "__traceback__" &&
                             has_traceback(heap_, heap_.referent[row]);
  }

  const Heap& heap_;
  std::unordered_map<uint32_t, Seen> seen_;  // by label
  std::unordered_set<uint32_t> inside_;      // objects of the instance at hand
  std::vector<Member> members_;
};

// Instances share the shortest way round; other cycles may go through the larger ones, so each size has its say first.
std::vector<const std::vector<ObjectId>*> instances_to_weigh(const Finding& finding) {
  std::vector<const std::vector<ObjectId>*> chosen, alike;
  std::unordered_set<size_t> sizes;
  for (const std::vector<ObjectId>& objects : finding.instances) {
    if (!chosen.empty() && objects.size() > kInstanceObjects) continue;
    (sizes.insert(objects.size()).second ? chosen : alike).push_back(&objects);
  }
  alike.resize(std::min(alike.size(), kInstancesWeighed));
  chosen.insert(chosen.end(), alike.begin(), alike.end());
  chosen.resize(std::min(chosen.size(), kInstancesWeighed));
  return chosen;
}

std::string direction(const Heap& heap, const Member& member) {
  if (member.in_coroutine)
    return "the coroutine belongs to what it keeps: give it a weak_ptr and lock() it after each suspension";
  if (member.in_closure)
    return "the closure is stored in what it captures: capture a weak_ptr and lock() it when it runs";
  if (member.is_promised)
    return "what a promise was set to is kept until the promise and the last of its futures are gone";
  if (member.is_self) return "an object need not own itself";
  if (member.keeps_traceback && !member.is_local)
    return "an exception keeps each frame that it went through, with all its variables";
  if (member.is_local) return "a variable of a frame that the cycle keeps: delete it when the function is done with it";
  if (member.is_weak_elsewhere())
    return fmt::format("whoever holds it knows it weakly too, through {}: that is the way back",
                       heap.text(heap.labels[index(member.weakly)].path));
  if (member.many_to_one()) return "many refer through it to one that holds them: it points back";
  if (member.to_older > member.to_younger)
    return fmt::format("it points back to an older {}, which came to hold the younger one",
                       heap.type_name(heap.referent[member.reference]));
  if (member.against_container) return "it is the single reference that goes against a container of owners";
  return "nothing in this dump tells which side owns the other: weaken the side that does not";
}

}  // namespace

struct Advisor::Draft {
  Finding* finding;
  std::vector<Member> members;  // ranked
  std::vector<FeedbackSet> sets;

  const Member& member(LabelId label) const {
    return *std::find_if(members.begin(), members.end(), [&](const Member& member) { return member.label == label; });
  }
};

Advisor::Advisor(const RuleInput& input) : input_(input), check_(input.heap) {}
Advisor::~Advisor() = default;

void Advisor::advise(std::vector<Finding>& findings) {
  for (Finding& finding : findings) {
    if (finding.cycle.empty()) continue;
    finding.advice = visit_advice(finding);
    if (!finding.advice) draft(finding);
  }
  find_losses();
  for (Draft& draft : drafts_) draft.finding->advice = advice_of(draft);
}

// A cycle that the collector only fails to see needs no reference to be another: it needs to be seen.
std::optional<Advice> Advisor::visit_advice(const Finding& finding) const {
  if (std::string_view(finding.rule) != "hidden-traverse") return std::nullopt;
  const Heap& heap = input_.heap;
  const std::vector<ObjectId>& objects = finding.instances.front();
  std::set<LabelId> seen;
  Advice advice;
  for (ObjectId from : objects) {
    for (uint64_t row = heap.references.begin(index(from)); row < heap.references.end(index(from)); row++) {
      if ((heap.labels[index(heap.label[row])].flags & kLabelHidden) == 0) continue;
      if (std::find(objects.begin(), objects.end(), heap.referent[row]) == objects.end()) continue;
      if (!seen.insert(heap.label[row]).second) continue;
      if (seen.size() == 1)
        advice.weaken = row;
      else
        advice.also.push_back(row);
    }
  }
  if (seen.empty()) return std::nullopt;
  advice.mending = Mending::kVisit;
  advice.reason = "then the collector finds the cycle and frees it";
  advice.breaks = static_cast<uint32_t>(finding.instances.size());
  advice.frees_bytes = finding.retained_bytes;
  advice.safe = true;
  return advice;
}

void Advisor::draft(Finding& finding) {
  const std::vector<const std::vector<ObjectId>*> instances = instances_to_weigh(finding);
  Draft draft{&finding, Members(input_.heap, instances).ranked(), {}};
  std::vector<LabelId> candidates;
  for (const Member& member : draft.members) candidates.push_back(member.label);
  if (candidates.empty()) return;
  draft.sets = find_feedback_sets(check_, input_.heap, instances, candidates);
  if (!draft.sets.empty()) drafts_.push_back(std::move(draft));
}

// Sets come smallest first and in order of rank: take the first that no live object objects to.
std::optional<Advice> Advisor::advice_of(const Draft& draft) {
  const Heap& heap = input_.heap;
  const Finding& finding = *draft.finding;
  const FeedbackSet* chosen = without_loss(draft);
  if (chosen == nullptr) chosen = &draft.sets.front();
  const std::optional<uint64_t> losses = losses_->objects_lost(chosen->members);

  // A class, its tuple of bases and its descriptors are a cycle by nature, and members of every class are alike.
  if (losses != 0 && is_declared(heap, finding.instances.front().front())) return std::nullopt;

  const Member& first = draft.member(chosen->members.front());
  Advice advice;
  advice.weaken = first.reference;
  advice.mending = first.is_local                                                  ? Mending::kClear
                   : first.keeps_traceback                                         ? Mending::kDropTraceback
                   : first.is_promised && !first.in_closure && !first.in_coroutine ? Mending::kPromiseValue
                                                                                   : Mending::kWeaken;
  advice.safe = losses == 0;
  advice.reason = direction(heap, first);
  for (size_t i = 1; i < chosen->members.size(); i++) advice.also.push_back(draft.member(chosen->members[i]).reference);
  for (LabelId label : chosen->members) advice.safe &= draft.member(label).points_back();
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

// Members of the sets, each finding's best set first: should there be too many, everybody gets a hearing.
std::vector<std::vector<LabelId>> Advisor::sets_to_try() const {
  std::vector<std::vector<LabelId>> sets;
  std::set<std::vector<LabelId>> seen;
  size_t most = 0;
  for (const Draft& draft : drafts_) most = std::max(most, draft.sets.size());
  for (size_t place = 0; place < most; place++)
    for (const Draft& draft : drafts_)
      if (place < draft.sets.size() && seen.insert(draft.sets[place].members).second)
        sets.push_back(draft.sets[place].members);
  return sets;
}

// A set that certainly costs live objects their owner is no advice as long as another does not; how many they are is
// searched for only when there is none.
void Advisor::find_losses() {
  if (drafts_.empty()) return;
  const std::vector<std::vector<LabelId>> sets = sets_to_try();
  std::vector<LabelId> members;
  for (const std::vector<LabelId>& set : sets) members.insert(members.end(), set.begin(), set.end());
  losses_.emplace(input_, members);
  std::vector<std::vector<LabelId>> open, last;
  for (const std::vector<LabelId>& set : sets)
    if (open.size() < kSetsTried && !losses_->costs_nothing(set) && !losses_->costs_something(set)) open.push_back(set);
  losses_->count(open);
  for (const Draft& draft : drafts_)
    if (last.size() < kSetsTried && !without_loss(draft)) last.push_back(draft.sets.front().members);
  losses_->count(last);
}

const FeedbackSet* Advisor::without_loss(const Draft& draft) const {
  for (const FeedbackSet& set : draft.sets)
    if (losses_->objects_lost(set.members) == 0) return &set;
  return nullptr;
}

}  // namespace reftally
