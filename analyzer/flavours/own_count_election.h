// Which member counts the references to a class, and which pointers pay: told by a vote of the counts in memory.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "analyzer/flavours/own_counts.h"
#include "analyzer/layouts/counters.h"

namespace reftally {

inline constexpr int64_t kLargestOwnCount = 100'000'000;  // beyond this a word is no count

std::optional<int64_t> read_count(const Image& image, uint64_t address, uint64_t size);
// The owners that the count at `address` tells of.
std::optional<int64_t> read_owners(const Image& image, uint64_t address, const Counter& counter);

// Who counts by which member. A class of smart pointers takes part in the vote with all its instantiations, plain
// pointers by the place they stand in. The party met most often begins; another joins when nothing speaks against it,
// so that an observer that looks like an owner does not spoil the vote.
class Election {
 public:
  Election(const Image& image, const DebugTypes& types, const StatedCounts& stated, const std::vector<MetPointer>& met);

  struct Winners {
    std::map<std::string, Counter> classes, places;  // as in CountedPointers
    std::vector<Counter> below;                      // of classes derived from what those of `classes` point to
    bool empty() const { return classes.empty() && places.empty(); }
  };
  Winners run();

 private:
  using CounterKey = std::pair<std::string, std::string>;  // owner and name
  using Referrers = std::map<uint64_t, int64_t>;           // address of the counter -> pointers
  struct Party {
    std::string name;  // template or place
    bool is_plain = false;
    bool operator<(const Party& other) const { return std::tie(is_plain, name) < std::tie(other.is_plain, other.name); }
  };
  struct Vote;
  struct Outcome;
  struct Candidate {
    Party party;
    std::string class_name;  // of a smart pointer
    bool is_stated = false;
    bool is_beside = false;          // the count has a block of its own
    bool is_interface = false;       // the class pointed to has no count: one below it may
    std::vector<Counter> counters;   // offsets from what is pointed to
    std::vector<Counter> of_object;  // of an interface: those of the classes that objects are of, the same
    bool is_consistent = true;       // each of these stands at one offset in all objects
    std::vector<Counter> behind;     // in blocks that the objects point to
    bool may_have_behind = true;
  };

  std::vector<Counter> counters_beside(const Type& type, const PointerShape& shape) const;
  Candidate& candidate_of(const MetPointer& pointer);
  bool begins_block(uint64_t address) const;
  void add_counters_of_object(Candidate& candidate, uint64_t target);
  void add_counts_behind(Candidate& candidate, const MetPointer& pointer);
  const std::vector<Counter>& counters_behind(uint64_t object);
  Outcome elect(const std::map<Party, Referrers>& referrers, const Counter& counter) const;
  Vote count_votes(const Referrers& referrers, const Counter& counter) const;
  std::optional<Counter> winner_of(const Candidate& candidate, const std::vector<Counter>& counters,
                                   std::map<CounterKey, Outcome>& outcomes) const;
  void read_behind(Winners& winners) const;
  void read_otherwise(Winners& winners, const std::map<CounterKey, Outcome>& plain) const;
  bool may_be_written_otherwise(const Counter& counter) const;

  const Image& image_;
  const DebugTypes& types_;
  const StatedCounts& stated_;
  std::map<CounterKey, std::map<Party, Referrers>> referrers_;
  std::map<std::pair<std::string, std::string>, Candidate> candidates_;  // by class and place
  std::set<Party> stated_parties_;
  std::unordered_map<uint64_t, std::vector<Counter>> behind_;  // by vtable
  std::unordered_map<uint64_t, uint64_t> object_of_count_;     // of a count in a block of its own
  std::set<CounterKey> shared_counts_;                         // that several objects point to
};

}  // namespace reftally
