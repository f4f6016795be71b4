#include "analyzer/findings/growth.h"

#include <algorithm>
#include <tuple>
#include <unordered_set>

namespace reftally {
namespace {

// A few more objects in each snapshot are a program at work: what was asked of it last, still in its hands.
constexpr uint64_t kLeastGrowth = 8;  // objects, from first to last
constexpr double kLeastShare = 1.05;  // last against first
constexpr double kSteadiest = 0.25;   // least step, against the mean step: one burst is no trend

uint64_t count_at(const HeapCensus& census, uint64_t signature) {
  const auto found = census.paths.find(signature);
  return found == census.paths.end() ? 0 : found->second.held.objects;
}

std::vector<uint64_t> counts_of(std::span<const HeapCensus> censuses, uint64_t signature) {
  std::vector<uint64_t> counts;
  for (const HeapCensus& census : censuses) counts.push_back(count_at(census, signature));
  return counts;
}

bool grows(const std::vector<uint64_t>& counts) {
  const uint64_t first = counts.front(), last = counts.back();
  if (last < first + kLeastGrowth || static_cast<double>(last) < static_cast<double>(first) * kLeastShare) return false;
  const double mean = static_cast<double>(last - first) / static_cast<double>(counts.size() - 1);
  for (size_t i = 1; i < counts.size(); i++)
    if (counts[i] <= counts[i - 1] || static_cast<double>(counts[i] - counts[i - 1]) < mean * kSteadiest) return false;
  return true;
}

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

// Growing places that hang below no growing place.
std::unordered_set<uint64_t> accumulation_points(std::span<const HeapCensus> censuses) {
  const HeapCensus& last = censuses.back();
  std::unordered_set<uint64_t> tops, covered;
  for (uint64_t signature : last.order) {
    if (covered.contains(last.paths.at(signature).holder)) {
      covered.insert(signature);
    } else if (grows(counts_of(censuses, signature))) {
      covered.insert(signature);
      tops.insert(signature);
    }
  }
  return tops;
}

}  // namespace

HeapCensus take_census(const Heap& heap, RetainingPaths& paths) {
  HeapCensus census;
  const std::vector<uint64_t> signature = paths.signatures(Follow::kOwners);
  paths.for_each_held(Follow::kOwners, [&](ObjectId object, ObjectId from) {
    const uint32_t at = index(object);
    const uint64_t bytes = heap.size[at];
    Tally& type = census.types[std::string(heap.type_name(object))];
    type.objects++;
    type.bytes += bytes;
    auto [place, fresh] = census.paths.try_emplace(signature[at]);
    if (fresh) {
      census.order.push_back(signature[at]);
      place->second.example = object;
      place->second.holder = from == kNoObject ? 0 : signature[index(from)];
    }
    place->second.held.objects++;
    place->second.held.bytes += bytes;
  });
  return census;
}

std::vector<GrowingPath> find_growing_paths(std::span<const HeapCensus> censuses) {
  std::vector<GrowingPath> result;
  if (censuses.size() < 3) return result;
  const std::unordered_set<uint64_t> tops = accumulation_points(censuses);
  auto before = bytes_below(censuses.front(), tops), after = bytes_below(censuses.back(), tops);
  for (uint64_t signature : tops)
    result.push_back({signature, censuses.back().paths.at(signature).example, counts_of(censuses, signature),
                      after[signature] - std::min(after[signature], before[signature])});
  std::sort(result.begin(), result.end(), [](const GrowingPath& a, const GrowingPath& b) {
    return std::tuple(b.bytes, b.counts.back() - b.counts.front(), a.signature) <
           std::tuple(a.bytes, a.counts.back() - a.counts.front(), b.signature);
  });
  return result;
}

}  // namespace reftally
