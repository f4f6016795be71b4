#include "analyzer/flavours/own_counts.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <unordered_map>

namespace reftally {

namespace {

constexpr int64_t kLargestCount = 100'000'000;
constexpr int kDeepestMember = 16;

// An integer that a class has, through bases and wrappers such as std::atomic.
struct Counter {
  std::string owner, name;  // class that declares it
  uint64_t offset = 0;      // in the pointee
  uint64_t size = 0;
};
using CounterKey = std::pair<std::string, std::string>;  // owner and name

bool is_integer(const Type& type) {
  if (type.kind != Type::Kind::kBase || (type.size != 4 && type.size != 8)) return false;
  return type.name.find("int") != type.name.npos || type.name.find("long") != type.name.npos;
}

// A class that holds one integer and nothing else stands for it.
const Type* wrapped_integer(const Type& type, int depth = 0) {
  if (is_integer(type)) return &type;
  if (type.kind != Type::Kind::kClass || (type.size != 4 && type.size != 8) || depth > kDeepestMember) return nullptr;
  const Type* found = nullptr;
  for (const TypeMember& member : type.members) {
    if (!member.type || member.type->size == 0) continue;
    if (member.is_base && member.type->members.empty()) continue;
    if (found) return nullptr;
    found = wrapped_integer(*member.type, depth + 1);
    if (!found) return nullptr;
  }
  return found;
}

void collect_counters(const Type& type, uint64_t offset, std::vector<Counter>& counters, int depth = 0) {
  for (const TypeMember& member : type.members) {
    if (!member.type || member.is_virtual_base || member.is_bit_field || depth > kDeepestMember) continue;
    if (member.is_base) {
      collect_counters(*member.type, offset + member.offset, counters, depth + 1);
    } else if (const Type* integer = wrapped_integer(*member.type)) {
      counters.push_back({type.name, member.name, offset + member.offset, integer->size});
    }
  }
}

bool sounds_like_a_count(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
  constexpr std::array<std::string_view, 4> kWords = {"ref", "count", "cnt", "share"};
  return std::any_of(kWords.begin(), kWords.end(), [&](std::string_view word) { return name.find(word) != name.npos; });
}

std::optional<int64_t> read_count(const Image& image, uint64_t address, uint64_t size) {
  if (size == 8) {
    const std::optional<uint64_t> word = image.word(address);
    return word ? std::optional<int64_t>(static_cast<int64_t>(*word)) : std::nullopt;
  }
  const std::optional<uint32_t> half = image.half(address);
  return half ? std::optional<int64_t>(static_cast<int32_t>(*half)) : std::nullopt;
}

struct Vote {
  int64_t voters = 0, equal = 0, broken = 0, several = 0;  // several: equal, and more than one
  std::set<int64_t> values;

  void add(int64_t count, int64_t referrers) {
    ++voters;
    if (count < referrers || count > kLargestCount) ++broken;
    if (count != referrers) return;
    ++equal;
    several += count > 1;
    values.insert(count);
  }
  // One referrer to each of many objects that all hold a 1 proves nothing; a name that says so, or different counts,
  // do.
  bool wins(bool named) const {
    constexpr int64_t kFewest = 3;
    if (broken > 0 || equal == 0) return false;
    return named || (several > 0 && values.size() > 1 && equal >= kFewest && equal * 2 >= voters);
  }
};

// Who counts by which member. A class of smart pointers takes part in the vote with all its instantiations. The class
// met most often begins; another joins when nothing speaks against it, so that an observer that looks like an owner
// does not spoil the vote.
class Election {
 public:
  Election(const Image& image, const DebugTypes& types, const std::vector<MetPointer>& met)
      : image_(image), types_(types) {
    for (const MetPointer& pointer : met) {
      for (const Counter& counter : counters_of(*pointer.type)) {
        ++referrers_[{counter.owner, counter.name}][template_of(*pointer.type)][pointer.target + counter.offset];
      }
    }
  }

  // Counter of each class of smart pointer that has one.
  std::unordered_map<std::string, Counter> run() {
    std::map<CounterKey, Outcome> outcomes;
    std::unordered_map<std::string, Counter> winners;
    for (const auto& [name, candidate] : candidates_) {
      std::tuple<int64_t, bool, int64_t> best{0, false, 0};  // equal, named, nearer to the begin
      for (const Counter& counter : candidate.counters) {
        const CounterKey key{counter.owner, counter.name};
        auto [outcome, added] = outcomes.emplace(key, Outcome{});
        if (added) outcome->second = elect(referrers_[key], counter.size);
        const bool named = sounds_like_a_count(counter.name);
        const std::tuple rank{outcome->second.vote.equal, named, -static_cast<int64_t>(counter.offset)};
        const bool joined = outcome->second.joined.contains(candidate.template_name);
        if (!joined || !outcome->second.vote.wins(named) || rank <= best) continue;
        best = rank;
        winners.insert_or_assign(name, counter);
      }
    }
    return winners;
  }

 private:
  using Referrers = std::map<uint64_t, int64_t>;  // address of the counter -> smart pointers
  using ByTemplate = std::map<std::string, Referrers>;
  struct Outcome {
    Vote vote;
    std::set<std::string> joined;
  };
  struct Candidate {
    std::string template_name;
    std::vector<Counter> counters;
  };

  static std::string template_of(const Type& type) { return type.scope + "::" + std::string(type.template_name()); }

  const std::vector<Counter>& counters_of(const Type& smart_pointer) {
    auto [found, added] = candidates_.emplace(smart_pointer.name, Candidate{template_of(smart_pointer), {}});
    if (!added) return found->second.counters;
    const Type* pointee = pointer_shape(smart_pointer)->pointee;
    if (pointee->is_declaration) pointee = types_.find(pointee->name);
    if (pointee) collect_counters(*pointee, 0, found->second.counters);
    return found->second.counters;
  }

  Outcome elect(const ByTemplate& referrers, uint64_t size) const {
    std::vector<const ByTemplate::value_type*> order;
    for (const auto& entry : referrers) order.push_back(&entry);
    std::stable_sort(order.begin(), order.end(),
                     [](const auto* a, const auto* b) { return a->second.size() > b->second.size(); });
    Outcome outcome;
    Referrers merged;
    for (const auto* entry : order) {
      Referrers trial = merged;
      for (const auto& [address, count] : entry->second) trial[address] += count;
      const Vote vote = count_votes(trial, size);
      if (vote.broken > 0 || vote.equal < outcome.vote.equal) continue;
      outcome.vote = vote;
      outcome.joined.insert(entry->first);
      merged = std::move(trial);
    }
    return outcome;
  }

  Vote count_votes(const Referrers& referrers, uint64_t size) const {
    Vote vote;
    for (const auto& [address, count] : referrers) {
      const std::optional<int64_t> value = read_count(image_, address, size);
      if (image_.block_at(address) != Image::kNoBlock && value) vote.add(*value, count);
    }
    return vote;
  }

  const Image& image_;
  const DebugTypes& types_;
  std::map<CounterKey, ByTemplate> referrers_;
  std::map<std::string, Candidate> candidates_;  // by name of the smart pointer's class
};

class OwnObjects {
 public:
  OwnObjects(const Image& image, const DebugTypes& types, CountedObjects& counted)
      : image_(image), types_(types), counted_(counted) {
    for (const CountedObject& object : counted.objects) {
      taken_.insert(object.block);
      if (object.owns_value_block) taken_.insert(object.value_block);
    }
  }

  void add(uint64_t target, const Counter& counter, const Type* pointee) {
    const uint32_t block = image_.block_at(target + counter.offset);
    if (block == Image::kNoBlock || taken_.contains(block)) return;
    const auto [found, added] = rows_.emplace(block, objects_.size());
    if (!added) {
      if (objects_[found->second].address != target + counter.offset) several_.insert(block);
      return refine(objects_[found->second], target, pointee);
    }
    CountedObject object;
    object.flavour = FlavourId::kIntrusive;
    object.address = target + counter.offset;
    object.strong = read_count(image_, object.address, counter.size).value_or(0);
    object.block = object.value_block = block;
    object.owns_value_block = object.ends_there = true;
    object.begin = object.value = image_.blocks[block].address;
    object.end = object.begin + image_.blocks[block].size;
    const std::string_view dynamic = image_.vtable_type(image_.word(object.begin).value_or(0));
    if (!dynamic.empty()) object.value_type = counted_.names.intern(demangle_type(dynamic));
    objects_.push_back(object);
    refine(objects_.back(), target, pointee);
  }

  // Objects of classes with a vtable and one of these counters, though no smart pointer leads to them.
  void add_polymorphic(const std::vector<Counter>& winners) {
    std::unordered_map<uint64_t, std::optional<Counter>> by_vtable;
    for (const ImageBlock& block : image_.blocks) {
      const uint64_t vtable = image_.word(block.address).value_or(0);
      const std::string_view name = image_.vtable_type(vtable);
      if (name.empty()) continue;
      auto [found, added] = by_vtable.emplace(vtable, std::nullopt);
      if (added) found->second = counter_in(types_.find_mangled(name), winners);
      if (found->second) add(block.address, *found->second, nullptr);
    }
  }

  void commit() {
    for (const CountedObject& object : objects_) {
      const bool alive = object.strong > 0 && object.strong <= kLargestCount;
      if (alive && !several_.contains(object.block)) counted_.objects.push_back(object);
    }
  }

 private:
  // Without a vtable: the largest class that is said to be there and fits.
  void refine(CountedObject& object, uint64_t target, const Type* pointee) {
    if (!pointee || target != object.begin || pointee->size > object.end - object.begin) return;
    if (!image_.vtable_type(image_.word(object.begin).value_or(0)).empty()) return;
    uint64_t& known = known_size_[object.block];
    if (pointee->size <= known) return;
    known = pointee->size;
    object.value_type = counted_.names.intern(pointee->name);
  }

  static std::optional<Counter> counter_in(const Type* type, const std::vector<Counter>& winners) {
    if (!type) return std::nullopt;
    std::vector<Counter> counters;
    collect_counters(*type, 0, counters);
    for (const Counter& counter : counters) {
      for (const Counter& winner : winners) {
        if (counter.owner == winner.owner && counter.name == winner.name) return counter;
      }
    }
    return std::nullopt;
  }

  const Image& image_;
  const DebugTypes& types_;
  CountedObjects& counted_;
  std::vector<CountedObject> objects_;
  std::unordered_map<uint32_t, size_t> rows_;          // by block
  std::unordered_map<uint32_t, uint64_t> known_size_;  // by block: of value_type
  std::set<uint32_t> taken_, several_;                 // blocks of other counted objects; with more than one counter
};

}  // namespace

bool may_count(const Type& type, bool by_name) {
  std::vector<Counter> counters;
  collect_counters(type, 0, counters);
  return std::any_of(counters.begin(), counters.end(),
                     [&](const Counter& counter) { return !by_name || sounds_like_a_count(counter.name); });
}

CountedPointers find_own_counts(const Image& image, const DebugTypes& types, const std::vector<MetPointer>& met,
                                CountedObjects& counted) {
  CountedPointers pointers;
  const std::unordered_map<std::string, Counter> winners = Election(image, types, met).run();
  if (winners.empty()) return pointers;
  OwnObjects objects(image, types, counted);
  std::vector<Counter> counters;
  for (const auto& [name, counter] : winners) {
    pointers.emplace(name, counter.offset);
    counters.push_back(counter);
  }
  for (const MetPointer& pointer : met) {
    const auto winner = winners.find(pointer.type->name);
    if (winner == winners.end()) continue;
    const Type* pointee = pointer_shape(*pointer.type)->pointee;
    objects.add(pointer.target, winner->second, pointee->is_declaration ? types.find(pointee->name) : pointee);
  }
  objects.add_polymorphic(counters);
  objects.commit();
  return pointers;
}

}  // namespace reftally
