#include "analyzer/flavours/own_count_election.h"

#include <algorithm>

#include "analyzer/layouts/counted_pointers.h"
#include "analyzer/layouts/counts_behind.h"

namespace reftally {

std::optional<int64_t> read_count(const Image& image, uint64_t address, uint64_t size) {
  const std::optional<uint64_t> word = image.word(address & ~uint64_t{7});
  if (!word || address % 8 + size > 8) return std::nullopt;
  const uint64_t bits = *word >> (8 * (address % 8));
  if (size == 8) return static_cast<int64_t>(bits);
  if (size == 4) return static_cast<int32_t>(bits);
  return static_cast<int64_t>(bits & ((uint64_t{1} << (8 * size)) - 1));
}

std::optional<int64_t> read_owners(const Image& image, uint64_t address, const Counter& counter) {
  const std::optional<int64_t> written = read_count(image, address, counter.size);
  return written ? std::optional(counter.writing.owners(*written)) : std::nullopt;
}

struct Election::Vote {
  int64_t voters = 0, equal = 0, broken = 0, several = 0;  // several: equal, and more than one
  std::set<int64_t> values;

  void add(int64_t count, int64_t referrers) {
    ++voters;
    if (count < referrers || count > kLargestOwnCount) ++broken;
    if (count != referrers) return;
    ++equal;
    several += count > 1;
    values.insert(count);
  }
  // Small integers are many, and "prefix" reads as a reference: they must follow their objects' pointers.
  bool is_followed() const { return several > 0 && equal * 2 >= voters; }
  // One referrer to each of many objects that all hold a 1 proves nothing; a name that says so, or different counts,
  // do.
  bool wins(bool named, bool plain) const {
    constexpr int64_t kFewest = 3;
    if (broken > 0 || equal == 0) return false;
    if (plain) return named && equal >= kFewest && equal * 2 >= voters;
    return named || (several > 0 && values.size() > 1 && equal >= kFewest && equal * 2 >= voters);
  }
  // A count that does not say plainly how many own: many ways to read it are many chances to be wrong.
  bool wins_surely(bool named) const {
    constexpr int64_t kFewest = 8, kFewestSeveral = 3;
    return broken == 0 && equal >= kFewest && several >= kFewestSeveral && equal * 8 >= voters * 7 &&
           values.size() >= (named ? 2 : 3);
  }
};

constexpr CountWriting kOtherWritings[] = {{1, 0}, {2, 0}, {3, 0}, {0, 1}};

// A block of its own that two pointers agree on is no chance.
constexpr int64_t kFewestBeside = 2;

constexpr uint64_t kNarrow = 4;  // bytes: what has fewer

struct Election::Outcome {
  Vote vote;
  std::set<Party> joined;
};

Election::Election(const Image& image, const DebugTypes& types, const StatedCounts& stated,
                   const std::vector<MetPointer>& met)
    : image_(image), types_(types), stated_(stated) {
  for (const MetPointer& pointer : met) {
    Candidate& candidate = candidate_of(pointer);
    if (candidate.is_beside && !begins_block(pointer.target)) continue;
    for (const Counter& counter : candidate.counters)
      ++referrers_[{counter.owner, counter.name}][candidate.party][pointer.target + counter.offset];
    if (candidate.is_interface) add_counters_of_object(candidate, pointer.target);
    if (candidate.may_have_behind) add_counts_behind(candidate, pointer);
  }
}

bool Election::begins_block(uint64_t address) const {
  const uint32_t block = image_.block_at(address);
  return block != Image::kNoBlock && image_.blocks[block].address == address;
}

void Election::add_counters_of_object(Candidate& candidate, uint64_t target) {
  const uint32_t block = image_.block_at(target);
  if (block == Image::kNoBlock) return;
  const uint64_t begin = image_.blocks[block].address;
  for (Counter counter : counters_behind(begin)) {
    const uint64_t address = begin + counter.offset;
    counter.offset = address - target;  // wraps where the interface is not the first base
    ++referrers_[{counter.owner, counter.name}][candidate.party][address];
    auto same = [&](const Counter& c) { return c.owner == counter.owner && c.name == counter.name; };
    const auto known = std::find_if(candidate.of_object.begin(), candidate.of_object.end(), same);
    if (known == candidate.of_object.end())
      candidate.of_object.push_back(counter);
    else
      candidate.is_consistent &= known->offset == counter.offset;
  }
}

void Election::add_counts_behind(Candidate& candidate, const MetPointer& pointer) {
  const Type* pointee = pointer_shape(*pointer.type, stated_)->pointee;
  if (pointee->is_declaration) pointee = types_.find(pointee->name);
  const uint32_t block = image_.block_at(pointer.target);
  if (block == Image::kNoBlock) return;
  std::vector<CountBehind> counts;
  if (pointee) counts = counts_behind(*pointee, types_, pointer.target);
  candidate.may_have_behind = !counts.empty();
  for (const CountBehind& count : counts) {
    const uint64_t begin = image_.word(pointer.target + count.pointer).value_or(0);
    if (!begins_block(begin)) continue;
    const CounterKey key{count.counter.owner, count.counter.name};
    const uint64_t address = begin + count.counter.offset, object = image_.blocks[block].address;
    if (object_of_count_.try_emplace(address, object).first->second != object) shared_counts_.insert(key);
    ++referrers_[key][candidate.party][address];
    auto same = [&](const Counter& c) { return c.owner == key.first && c.name == key.second; };
    if (std::none_of(candidate.behind.begin(), candidate.behind.end(), same)) candidate.behind.push_back(count.counter);
  }
}

const std::vector<Counter>& Election::counters_behind(uint64_t object) {
  const uint64_t vtable = image_.word(object).value_or(0);
  auto [found, added] = behind_.try_emplace(vtable);
  const std::string_view name = added ? image_.vtable_type(vtable) : std::string_view();
  const Type* type = name.empty() ? nullptr : types_.find_mangled(name);
  if (!type) return found->second;
  found->second = counters_of(*type, types_, object);
  std::erase_if(found->second, [](const Counter& counter) { return !reads_as(CountName::kReferences, counter.name); });
  return found->second;
}

// Where the count has a block of its own it must read as one, and as one of owners.
std::vector<Counter> Election::counters_beside(const Type& type, const PointerShape& shape) const {
  const Type* const pointee = shape.pointee->is_declaration ? types_.find(shape.pointee->name) : shape.pointee;
  if (!pointee) return {};
  const Type* const integer = wrapped_integer(*pointee);
  if (integer && reads_as(CountName::kOnlyCount, std::string(shape.count_name)))
    return {{std::string(type.template_name()), std::string(shape.count_name), 0, integer->size}};
  std::vector<Counter> counters = counters_of(*pointee);
  std::erase_if(counters, [](const Counter& counter) {
    return !reads_as(CountName::kOnlyCount, counter.name) || reads_as_weak(counter.name);
  });
  return counters;
}

Election::Candidate& Election::candidate_of(const MetPointer& pointer) {
  const std::string place(pointer.place);
  auto [found, added] = candidates_.try_emplace({pointer.type->name, place});
  Candidate& candidate = found->second;
  if (!added) return candidate;
  const bool is_plain = !place.empty();
  const Type* pointee = is_plain ? pointer.type : pointer_shape(*pointer.type, stated_)->pointee;
  if (pointee->is_declaration) pointee = types_.find(pointee->name);
  candidate.party = is_plain ? Party{place, true}
                             : Party{pointer.type->scope + "::" + std::string(pointer.type->template_name()), false};
  candidate.class_name = is_plain ? std::string() : pointer.type->name;
  candidate.may_have_behind = !is_plain;
  candidate.is_stated = is_plain ? stated_.is_place(place) : stated_.is_pointer(*pointer.type);
  if (candidate.is_stated) stated_parties_.insert(candidate.party);
  if (pointee) candidate.counters = counters_of(*pointee);
  if (const auto shape = is_plain ? std::nullopt : pointer_shape(*pointer.type, stated_);
      shape && shape->value_offset) {
    candidate.is_beside = true;
    candidate.may_have_behind = false;
    candidate.counters = counters_beside(*pointer.type, *shape);
  }
  // `count` of children may well equal that of their plain pointers back.
  if (is_plain && !candidate.is_stated)
    std::erase_if(candidate.counters, [&](const Counter& counter) {
      const bool reads_well = reads_as(CountName::kReferences, counter.name) && !reads_as_weak(counter.name);
      return !reads_well && !stated_.is_count(counter.owner, counter.name);
    });
  candidate.is_interface =
      !is_plain && !candidate.is_beside &&
      std::none_of(candidate.counters.begin(), candidate.counters.end(),
                   [](const Counter& counter) { return reads_as(CountName::kCount, counter.name); });
  const auto said = std::find_if(candidate.counters.begin(), candidate.counters.end(),
                                 [&](const Counter& c) { return stated_.is_count(c.owner, c.name); });
  if (said != candidate.counters.end()) candidate.counters = {Counter(*said)};
  return candidate;
}

Election::Winners Election::run() {
  std::map<CounterKey, Outcome> outcomes;
  Winners winners;
  for (const auto& [key, candidate] : candidates_) {
    std::optional<Counter> counter = winner_of(candidate, candidate.counters, outcomes);
    if (!counter) {
      counter = winner_of(candidate, candidate.of_object, outcomes);
      for (const Counter& other : candidate.of_object)
        if (counter && (other.offset == counter->offset || !candidate.is_consistent) &&
            winner_of(candidate, {other}, outcomes))
          winners.below.push_back(other);
      if (counter && !candidate.is_consistent) counter->offset = static_cast<uint64_t>(kWhereObjectHasIt);
    }
    if (!counter) continue;
    if (candidate.party.is_plain)
      winners.places.emplace(candidate.party.name, *counter);
    else
      winners.classes.emplace(candidate.class_name, *counter);
  }
  read_behind(winners);
  read_otherwise(winners, outcomes);
  return winners;
}

// A count that the object points to: of no other object, and only where the object itself has none.
void Election::read_behind(Winners& winners) const {
  std::map<CounterKey, Outcome> outcomes;
  for (const auto& [key, candidate] : candidates_) {
    for (const Counter& counter : candidate.behind) {
      const CounterKey counter_key{counter.owner, counter.name};
      if (shared_counts_.contains(counter_key) || winners.classes.contains(candidate.class_name)) continue;
      auto [outcome, added] = outcomes.try_emplace(counter_key);
      if (added) outcome->second = elect(referrers_.at(counter_key), counter);
      if (outcome->second.joined.contains(candidate.party) && outcome->second.vote.wins_surely(true))
        winners.classes.emplace(candidate.class_name, counter);
    }
  }
}

// Flags in the lowest bits (WebKit's StringImpl), or a count that begins at -1: only where no smart pointer's count
// reads as it is, and plain pointers say so of half as many objects at most.
void Election::read_otherwise(Winners& winners, const std::map<CounterKey, Outcome>& plain) const {
  std::set<CounterKey> certain;
  for (const auto& [name, counter] : winners.classes) certain.emplace(counter.owner, counter.name);
  for (const CountWriting& writing : kOtherWritings) {
    std::map<CounterKey, Outcome> outcomes;
    for (const auto& [key, candidate] : candidates_) {
      if (candidate.party.is_plain || candidate.is_beside || winners.classes.contains(candidate.class_name)) continue;
      for (Counter counter : candidate.counters) {
        const CounterKey counter_key{counter.owner, counter.name};
        if (!may_be_written_otherwise(counter) || certain.contains(counter_key)) continue;
        counter.writing = writing;
        auto [outcome, added] = outcomes.try_emplace(counter_key);
        if (added) outcome->second = elect(referrers_.at(counter_key), counter);
        const auto& [vote, joined] = outcome->second;
        if (!joined.contains(candidate.party) || vote.equal < 2 * plain.at(counter_key).vote.equal) continue;
        if (vote.wins_surely(reads_as(CountName::kOnlyCount, counter.name)))
          winners.classes.emplace(candidate.class_name, counter);
      }
    }
  }
  std::erase_if(winners.places, [&](const auto& place) {
    return std::any_of(winners.classes.begin(), winners.classes.end(), [&](const auto& elected) {
      const Counter& counter = elected.second;
      return !counter.writing.is_plain() && counter.owner == place.second.owner && counter.name == place.second.name;
    });
  });
}

bool Election::may_be_written_otherwise(const Counter& counter) const {
  return counter.size >= kNarrow && !reads_as_weak(counter.name) && !stated_.is_count(counter.owner, counter.name);
}

std::optional<Counter> Election::winner_of(const Candidate& candidate, const std::vector<Counter>& counters,
                                           std::map<CounterKey, Outcome>& outcomes) const {
  std::tuple<int64_t, bool, int64_t> best{0, false, 0};  // equal, named, nearer to the begin
  std::optional<Counter> winner;
  for (const Counter& counter : counters) {
    const CounterKey key{counter.owner, counter.name};
    auto [outcome, added] = outcomes.try_emplace(key);
    if (added) outcome->second = elect(referrers_.at(key), counter);
    if (!outcome->second.joined.contains(candidate.party)) continue;
    const Vote& vote = outcome->second.vote;
    const bool named = reads_as(CountName::kCount, counter.name);
    const bool is_certain = stated_.is_count(counter.owner, counter.name);
    const std::tuple rank{vote.equal + (is_certain ? 1 : 0), named, -static_cast<int64_t>(counter.offset)};
    if (counter.size < kNarrow && !is_certain && !vote.is_followed()) continue;
    if (candidate.is_beside && !is_certain && vote.equal < kFewestBeside) continue;
    if ((!is_certain && !vote.wins(named || candidate.is_stated, candidate.party.is_plain && !candidate.is_stated)) ||
        rank <= best)
      continue;
    best = rank;
    winner = counter;
  }
  return winner;
}

Election::Outcome Election::elect(const std::map<Party, Referrers>& referrers, const Counter& counter) const {
  std::vector<const std::map<Party, Referrers>::value_type*> order;
  for (const auto& entry : referrers) order.push_back(&entry);
  // What is stated first; then smart pointers; then plain ones.
  auto rank = [&](const auto* entry) {
    return std::tuple(!stated_parties_.contains(entry->first), entry->first.is_plain,
                      -static_cast<int64_t>(entry->second.size()));
  };
  std::stable_sort(order.begin(), order.end(), [&](const auto* a, const auto* b) { return rank(a) < rank(b); });
  Outcome outcome;
  Referrers merged;
  bool has_smart = false;
  for (const auto* entry : order) {
    const auto& [party, pointers] = *entry;
    const bool is_stated = stated_parties_.contains(party);
    if (party.is_plain && !is_stated && has_smart) continue;  // beside smart pointers, plain ones only look on
    Referrers trial = merged;
    for (const auto& [address, count] : pointers) trial[address] += count;
    const Vote vote = count_votes(trial, counter);
    if (!is_stated && (vote.broken > 0 || vote.equal < outcome.vote.equal)) continue;
    outcome.vote = vote;
    outcome.joined.insert(party);
    has_smart |= !party.is_plain;
    merged = std::move(trial);
  }
  return outcome;
}

Election::Vote Election::count_votes(const Referrers& referrers, const Counter& counter) const {
  Vote vote;
  for (const auto& [address, count] : referrers) {
    const std::optional<int64_t> value = read_owners(image_, address, counter);
    if (image_.block_at(address) != Image::kNoBlock && value) vote.add(*value, count);
  }
  return vote;
}

}  // namespace reftally
