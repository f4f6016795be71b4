#include "analyzer/findings/growth.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace reftally {
namespace {

constexpr size_t kLeastCompared = 3;  // snapshots: of two, growth is weak evidence

// A few more objects in each snapshot are a program at work: what was asked of it last, still in its hands.
constexpr uint64_t kLeastGrowth = 8;      // objects, from first to last
constexpr uint64_t kLeastStorage = 8192;  // bytes
constexpr double kLeastShare = 1.05;      // last against first
constexpr double kSteadiest = 0.25;       // least step, against the mean step: one burst is no trend

const HeldAt& held_in(const HeapCensus& census, uint64_t signature) {
  static const HeldAt kNothing;
  const auto found = census.paths.find(signature);
  return found == census.paths.end() ? kNothing : found->second;
}

uint64_t count_at(const HeapCensus& census, uint64_t signature) { return held_in(census, signature).held.objects; }

std::vector<uint64_t> counts_of(std::span<const HeapCensus* const> censuses, uint64_t signature) {
  std::vector<uint64_t> counts;
  for (const HeapCensus* census : censuses) counts.push_back(count_at(*census, signature));
  return counts;
}

bool grows(const std::vector<uint64_t>& counts, uint64_t least) {
  const uint64_t first = counts.front(), last = counts.back();
  if (last < first + least || static_cast<double>(last) < static_cast<double>(first) * kLeastShare) return false;
  const double mean = static_cast<double>(last - first) / static_cast<double>(counts.size() - 1);
  for (size_t i = 1; i < counts.size(); i++)
    if (counts[i] <= counts[i - 1] || static_cast<double>(counts[i] - counts[i - 1]) < mean * kSteadiest) return false;
  return true;
}

// The snapshots in which the holder of a place has no such path, though there are as many of its kind.
std::set<size_t> without_path(std::span<const HeapCensus* const> censuses, uint64_t holder) {
  std::set<size_t> result;
  const HeapCensus& last = *censuses.back();
  const auto place = last.paths.find(holder);
  if (place == last.paths.end()) return result;  // a root
  for (size_t i = 0; i + 1 < censuses.size(); i++) {
    if (censuses[i]->paths.contains(holder)) continue;
    const auto kind = censuses[i]->kinds.find(place->second.type);
    if (kind != censuses[i]->kinds.end() && kind->second >= place->second.held.objects) result.insert(i);
  }
  return result;
}

std::vector<const HeapCensus*> without(std::span<const HeapCensus* const> censuses, const std::set<size_t>& left_out) {
  std::vector<const HeapCensus*> result;
  for (size_t i = 0; i < censuses.size(); i++)
    if (!left_out.contains(i)) result.push_back(censuses[i]);
  return result;
}

std::vector<uint64_t> bytes_stored(std::span<const HeapCensus* const> censuses, uint64_t key) {
  std::vector<uint64_t> bytes;
  for (const HeapCensus* census : censuses) {
    const auto then = census->storage.find(key);
    bytes.push_back(then == census->storage.end() ? 0 : then->second.bytes);
  }
  return bytes;
}

// Snapshots to leave out, for as long as enough are left: of noise a few can always be found that grow.
class LeftOut {
 public:
  explicit LeftOut(std::span<const HeapCensus* const> censuses) : censuses_(censuses) {}

  const std::set<size_t>& indices() const { return indices_; }

  // If the place grows in the others.
  template <typename Grows>
  void offer(uint64_t holder, const Grows& grows_in) {
    std::set<size_t> all = without_path(censuses_, holder);
    if (all.empty()) return;
    all.insert(indices_.begin(), indices_.end());
    const size_t left = censuses_.size() - all.size();
    if (all.size() == indices_.size() || left < kLeastCompared || left <= all.size()) return;
    if (grows_in(without(censuses_, all))) indices_ = std::move(all);
  }

 private:
  std::span<const HeapCensus* const> censuses_;
  std::set<size_t> indices_;
};

// Bytes at and below each of `tops`: every path belongs to the one above it, for no top lies below another.
std::unordered_map<uint64_t, uint64_t> bytes_below(const HeapCensus& census, const std::unordered_set<uint64_t>& tops) {
  std::unordered_map<uint64_t, uint64_t> top_of, bytes;
  for (uint64_t signature : census.order) {
    const HeldAt& place = census.paths.at(signature);
    const auto above = top_of.find(place.holder);
    if (!tops.contains(signature) && above == top_of.end()) continue;
    const uint64_t top = tops.contains(signature) ? signature : above->second;
    top_of[signature] = top;
    bytes[top] += place.held.bytes;
  }
  return bytes;
}

// Whether objects of a kind become more, wherever they are.
class KindCounts {
 public:
  explicit KindCounts(std::span<const HeapCensus* const> censuses) : censuses_(censuses) {}

  // With every step of a place the kind has made half of that step at least.
  bool grow_with(const std::vector<uint64_t>& place, uint64_t kind) const {
    for (size_t i = 1; i < place.size(); i++)
      if (count(i, kind) < count(i - 1, kind) + (place[i] - place[i - 1] + 1) / 2) return false;
    return true;
  }

 private:
  uint64_t count(size_t i, uint64_t kind) const {
    const auto found = censuses_[i]->kinds.find(kind);
    return found == censuses_[i]->kinds.end() ? 0 : found->second;
  }

  std::span<const HeapCensus* const> censuses_;
};

// Objects that came to a place from others which hold fewer than before, by place, for each step from one census to the
// next. Where a place lost none, what lies at an address it had is a new object that malloc put there.
class Moves {
 public:
  Moves(std::span<const HeapCensus* const> censuses, const std::unordered_set<uint64_t>& places) {
    for (size_t i = 1; i < censuses.size(); i++) steps_.push_back(moved(*censuses[i - 1], *censuses[i], places));
  }

  // As if what came had always been there.
  std::vector<uint64_t> without_moved(const std::vector<uint64_t>& counts, uint64_t place) const {
    std::vector<uint64_t> result = counts;
    for (size_t i = counts.size() - 1; i > 0; i--) {
      const auto came = steps_[i - 1].find(place);
      if (came == steps_[i - 1].end()) continue;
      for (size_t before = 0; before < i; before++) result[before] += came->second;
    }
    return result;
  }

 private:
  using ByPlace = std::unordered_map<uint64_t, uint64_t>;

  static ByPlace moved(const HeapCensus& before, const HeapCensus& after, const std::unordered_set<uint64_t>& places) {
    ByPlace now;  // by object
    for (const Whereabouts& row : after.objects)
      if (places.contains(row.place)) now.emplace(row.object, row.place);
    std::map<std::pair<uint64_t, uint64_t>, uint64_t> flows;  // from, to
    for (const Whereabouts& row : before.objects)
      if (const auto found = now.find(row.object); found != now.end() && found->second != row.place)
        ++flows[{row.place, found->second}];
    ByPlace result;
    for (const auto& [from_to, objects] : flows) {
      const uint64_t had = count_at(before, from_to.first), has = count_at(after, from_to.first);
      if (had > has) result[from_to.second] += std::min(objects, had - has);
    }
    return result;
  }

  std::vector<ByPlace> steps_;
};

// Growing places that hang below no growing place.
struct Accumulation {
  std::unordered_set<uint64_t> tops;
  std::unordered_map<uint64_t, uint64_t> top_of;  // of the tops themselves, and of all that hangs below
};

Accumulation accumulation_points(std::span<const HeapCensus* const> censuses) {
  const HeapCensus& last = *censuses.back();
  const KindCounts kinds(censuses);
  auto grows_in_all = [&](const std::vector<uint64_t>& counts, uint64_t signature) {
    return grows(counts, kLeastGrowth) && kinds.grow_with(counts, last.paths.at(signature).type);
  };
  std::unordered_set<uint64_t> growing;
  for (uint64_t signature : last.order)
    if (grows_in_all(counts_of(censuses, signature), signature)) growing.insert(signature);
  const Moves moves(censuses, growing);
  Accumulation found;
  for (uint64_t signature : last.order) {
    const HeldAt& place = last.paths.at(signature);
    if (const auto above = found.top_of.find(place.holder); above != found.top_of.end()) {
      found.top_of[signature] = above->second;
      continue;
    }
    if (!growing.contains(signature)) continue;
    if (grows_in_all(moves.without_moved(counts_of(censuses, signature), signature), signature)) {
      found.top_of[signature] = signature;
      found.tops.insert(signature);
    }
  }
  return found;
}

// A container of weak references that grows with what they see is a registry of what is alive: no growth of its own,
// nor is what else it holds, keys. It is one where the container holds what is seen: a callback that knows its object,
// a value that knows its key.
void leave_out_observers(std::span<const HeapCensus* const> censuses, Accumulation& found) {
  const HeapCensus &first = *censuses.front(), &last = *censuses.back();
  std::unordered_map<uint64_t, int64_t> seen;  // how many more have a weak reference, by container of the top
  std::unordered_set<uint64_t> observing;      // containers
  int64_t all = 0;
  for (const auto& [signature, top] : found.top_of) {
    const HeldAt& place = held_in(last, signature);
    const auto more = static_cast<int64_t>(place.weakly_seen - held_in(first, signature).weakly_seen);
    seen[held_in(last, top).container] += more;
    all += more;
    if (signature == top && 2 * place.weak_references > place.held.objects) observing.insert(place.container);
  }
  std::erase_if(found.tops, [&](uint64_t top) {
    const uint64_t container = held_in(last, top).container;
    const auto grown = static_cast<int64_t>(count_at(last, top) - count_at(first, top));
    return observing.contains(container) && grown <= all - seen[container];
  });
}

// Containers that grow and hold none of the growing objects.
std::vector<GrowingPath> growing_storage(std::span<const HeapCensus* const> censuses, const Accumulation& objects) {
  std::unordered_set<uint64_t> told;
  for (uint64_t top : objects.tops) told.insert(held_in(*censuses.back(), top).container);
  std::vector<GrowingPath> result;
  for (const auto& [key, storage] : censuses.back()->storage) {
    if (objects.top_of.contains(storage.holder) || told.contains(storage.container)) continue;
    const std::vector<uint64_t> bytes = bytes_stored(censuses, key);
    if (grows(bytes, kLeastStorage))
      result.push_back({key, storage.example, bytes, bytes.back() - bytes.front(), storage.member, {}});
  }
  return result;
}

// By snapshot, if they become more.
std::vector<uint64_t> threads_of(std::span<const HeapCensus* const> censuses) {
  std::vector<uint64_t> threads;
  for (const HeapCensus* census : censuses) threads.push_back(census->threads);
  return grows(threads, 1) ? threads : std::vector<uint64_t>{};
}

}  // namespace

std::vector<const HeapCensus*> comparable(std::span<const HeapCensus* const> censuses) {
  LeftOut left_out(censuses);
  if (censuses.size() <= kLeastCompared) return without(censuses, {});
  const HeapCensus& last = *censuses.back();
  for (uint64_t place : last.order)
    left_out.offer(last.paths.at(place).holder,
                   [&](const auto& others) { return grows(counts_of(others, place), kLeastGrowth); });
  const std::map<uint64_t, StoredAt> stored(last.storage.begin(), last.storage.end());  // the same order in every run
  for (const auto& [key, storage] : stored)
    left_out.offer(storage.holder, [&](const auto& others) { return grows(bytes_stored(others, key), kLeastStorage); });
  return without(censuses, left_out.indices());
}

std::vector<uint64_t> counts_where_seen(std::span<const HeapCensus* const> censuses, const GrowingPath& path) {
  const HeapCensus& last = *censuses.back();
  const bool is_storage = path.storage != LabelId{};
  const uint64_t holder = is_storage ? last.storage.at(path.signature).holder : last.paths.at(path.signature).holder;
  const auto seen = without(censuses, without_path(censuses, holder));
  if (seen.size() <= path.counts.size()) return path.counts;
  const auto counts = is_storage ? bytes_stored(seen, path.signature) : counts_of(seen, path.signature);
  return grows(counts, is_storage ? kLeastStorage : kLeastGrowth) ? counts : std::vector<uint64_t>{};
}

std::vector<GrowingPath> find_growing_paths(std::span<const HeapCensus* const> censuses) {
  std::vector<GrowingPath> result;
  if (censuses.size() < kLeastCompared) return result;
  Accumulation objects = accumulation_points(censuses);
  leave_out_observers(censuses, objects);
  auto before = bytes_below(*censuses.front(), objects.tops), after = bytes_below(*censuses.back(), objects.tops);
  for (uint64_t signature : objects.tops)
    result.push_back({signature,
                      censuses.back()->paths.at(signature).example,
                      counts_of(censuses, signature),
                      after[signature] - std::min(after[signature], before[signature]),
                      LabelId{},
                      {}});
  const std::vector<GrowingPath> storage = growing_storage(censuses, objects);
  result.insert(result.end(), storage.begin(), storage.end());
  std::sort(result.begin(), result.end(), [](const GrowingPath& a, const GrowingPath& b) {
    return std::tuple(b.bytes, b.counts.back() - b.counts.front(), a.signature) <
           std::tuple(a.bytes, a.counts.back() - a.counts.front(), b.signature);
  });
  std::unordered_set<uint64_t> told;  // keys and values of one container are one place
  bool told_of_calls = false;         // what calls hold are the parts of what they do: one growth
  std::erase_if(result, [&](GrowingPath& path) {
    if (path.storage != LabelId{}) return false;
    const HeldAt& place = censuses.back()->paths.at(path.signature);
    if (place.is_passing && std::exchange(told_of_calls, true)) return true;
    if (place.is_passing) path.threads = threads_of(censuses);
    return !told.insert(place.container).second;
  });
  return result;
}

}  // namespace reftally
