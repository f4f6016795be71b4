#include "analyzer/graph/least_cut.h"

#include <algorithm>
#include <deque>
#include <tuple>
#include <unordered_map>

namespace reftally {
namespace {

constexpr uint32_t kSource = 0, kSink = 1, kNotOwned = 0xffffffff;

// Vertices: all roots, the objects asked for, and one for each way in which other objects are held.
std::vector<uint32_t> vertices_of(const Heap& heap, RetainingPaths& paths, std::span<const ObjectId> objects,
                                  uint32_t& count) {
  std::vector<uint32_t> vertex(heap.object_count(), kNotOwned);
  std::unordered_map<uint64_t, uint32_t> by_signature;
  const std::vector<uint64_t> signature = paths.signatures(Follow::kOwners);
  for (uint32_t i = 0; i < heap.object_count(); i++)
    if (signature[i] != 0)
      vertex[i] = by_signature.try_emplace(signature[i], static_cast<uint32_t>(by_signature.size()) + 2).first->second;
  for (ObjectId object : objects)
    if (vertex[index(object)] != kNotOwned) vertex[index(object)] = kSink;
  count = static_cast<uint32_t>(by_signature.size()) + 2;
  return vertex;
}

struct PlaceKey {
  uint32_t from, name, to;  // name: a label, or a root's

  auto operator<=>(const PlaceKey&) const = default;
};

struct PlaceKeyHash {
  size_t operator()(const PlaceKey& key) const {
    constexpr uint64_t kGolden = 0x9e3779b97f4a7c15;  // 2^64 over the golden ratio
    const uint64_t ends = (uint64_t{key.from} << 32 | key.to) * kGolden;
    return (ends ^ ends >> 32 ^ key.name) * kGolden;
  }
};

PlaceKey key_of_root(const HeapRoot& root, const std::vector<uint32_t>& vertex) {
  return {kSource, static_cast<uint32_t>(root.name), vertex[index(root.to)]};
}
PlaceKey key_of_reference(const Heap& heap, uint32_t from, uint64_t row, const std::vector<uint32_t>& vertex) {
  return {vertex[from], static_cast<uint32_t>(heap.label[row]), vertex[index(heap.referent[row])]};
}

struct Place {
  uint32_t from, to;
  CutPlace told;
  bool is_used = false;  // a unit flows through it
};

class Network {
 public:
  Network(const Heap& heap, const std::vector<uint32_t>& vertex, uint32_t vertices) : at_(vertices) {
    for (uint32_t row = 0; row < heap.roots.size(); row++) {
      const HeapRoot& root = heap.roots[row];
      if (!root_can_own(heap, root) || vertex[index(root.to)] == kNotOwned) continue;
      Place& place = add(key_of_root(root, vertex));
      place.told.root = row;
    }
    for (uint32_t from = 0; from < heap.object_count(); from++) {
      if (vertex[from] == kNotOwned || vertex[from] == kSink) continue;
      for (uint64_t row = heap.references.begin(from); row < heap.references.end(from); row++) {
        const uint32_t to = vertex[index(heap.referent[row])];
        if (to == vertex[from] || to == kNotOwned || !can_own(heap, row)) continue;
        Place& place = add(key_of_reference(heap, from, row, vertex));
        const bool is_same = place.told.reference && *place.told.reference >= heap.references.begin(from);
        place.told.holders += !is_same;
        place.told.reference = row;
      }
    }
  }

  // False: more than kMostPlaces units flow.
  bool saturate() {
    for (size_t units = 0; augment(); units++)
      if (units == LeastCut::kMostPlaces) return false;
    return true;
  }

  // Of all least cuts the one nearest to the sink: what leads into the vertices that could still send a unit there.
  std::vector<PlaceKey> cut(std::vector<CutPlace>& told) const {
    std::vector<bool> could(at_.size(), false);
    std::deque<uint32_t> open{kSink};
    could[kSink] = true;
    for (; !open.empty(); open.pop_front())
      for (uint32_t number : at_[open.front()]) {
        const Place& place = places_[number];
        const bool ends_here = place.to == open.front();
        const uint32_t other = ends_here ? place.from : place.to;
        if (ends_here == place.is_used || could[other]) continue;
        could[other] = true;
        open.push_back(other);
      }
    std::vector<PlaceKey> keys;
    for (size_t number = 0; number < places_.size(); number++) {
      if (could[places_[number].from] || !could[places_[number].to]) continue;
      keys.push_back(keys_[number]);
      told.push_back(places_[number].told);
    }
    std::sort(keys.begin(), keys.end());
    return keys;
  }

 private:
  Place& add(const PlaceKey& key) {
    const auto [found, added] = numbers_.try_emplace(key, static_cast<uint32_t>(places_.size()));
    if (added) {
      places_.push_back({key.from, key.to, {}});
      keys_.push_back(key);
      at_[key.from].push_back(found->second);
      at_[key.to].push_back(found->second);
    }
    Place& place = places_[found->second];
    place.told.count++;
    return place;
  }

  // One unit more, on a shortest path: forwards through places that are free, backwards through those that are used.
  bool augment() {
    constexpr uint32_t kNone = 0xffffffff;
    std::vector<uint32_t> by(at_.size(), kNone);
    std::deque<uint32_t> open{kSource};
    for (; !open.empty() && by[kSink] == kNone; open.pop_front())
      for (uint32_t number : at_[open.front()]) {
        const Place& place = places_[number];
        const bool begins_here = place.from == open.front();
        const uint32_t other = begins_here ? place.to : place.from;
        if (begins_here == place.is_used || other == kSource || by[other] != kNone) continue;
        by[other] = number;
        open.push_back(other);
      }
    if (by[kSink] == kNone) return false;
    for (uint32_t at = kSink; at != kSource;) {
      Place& place = places_[by[at]];
      at = place.from == at ? place.to : place.from;
      place.is_used = !place.is_used;
    }
    return true;
  }

  std::vector<Place> places_;
  std::vector<PlaceKey> keys_;  // of places
  std::unordered_map<PlaceKey, uint32_t, PlaceKeyHash> numbers_;
  std::vector<std::vector<uint32_t>> at_;  // places by vertex, at either end
};

// What roots, and holders that nobody sees, own when nothing goes through `cut`.
ObjectSet owned_without(const Heap& heap, const Accounts& accounts, const Reachability& reachable,
                        const std::vector<uint32_t>& vertex, const std::vector<PlaceKey>& cut) {
  const auto is_cut = [&](const PlaceKey& key) { return std::binary_search(cut.begin(), cut.end(), key); };
  ObjectSet owned(heap.object_count(), 0);
  std::vector<uint32_t> open;
  const auto reach = [&](ObjectId object) {
    if (owned[index(object)] != 0) return;
    owned[index(object)] = 1;
    open.push_back(index(object));
  };
  for (const HeapRoot& root : heap.roots)
    if (root_can_own(heap, root) && !is_cut(key_of_root(root, vertex))) reach(root.to);
  for (uint32_t i = 0; i < heap.object_count(); i++)
    if (is_held_unseen(heap, accounts, reachable, i)) reach(ObjectId{i});
  while (!open.empty()) {
    const uint32_t from = open.back();
    open.pop_back();
    for (uint64_t row = heap.references.begin(from); row < heap.references.end(from); row++)
      if (can_own(heap, row) && !is_cut(key_of_reference(heap, from, row, vertex))) reach(heap.referent[row]);
  }
  return owned;
}

}  // namespace

LeastCut find_least_cut(const Heap& heap, const Accounts& accounts, const Reachability& reachable,
                        RetainingPaths& paths, std::span<const ObjectId> objects) {
  LeastCut result;
  uint32_t vertices = 0;
  const std::vector<uint32_t> vertex = vertices_of(heap, paths, objects, vertices);
  Network network(heap, vertex, vertices);
  result.is_complete = network.saturate();
  if (!result.is_complete) return result;
  const std::vector<PlaceKey> cut = network.cut(result.places);
  std::stable_sort(result.places.begin(), result.places.end(),
                   [](const CutPlace& a, const CutPlace& b) { return a.count > b.count; });
  const ObjectSet owned = owned_without(heap, accounts, reachable, vertex, cut);
  for (ObjectId object : objects) result.stay += vertex[index(object)] != kNotOwned && owned[index(object)] != 0;
  for (uint32_t i = 0; i < heap.object_count(); i++) {
    if (vertex[i] == kNotOwned || owned[i] != 0) continue;
    result.freed_objects++;
    result.freed_bytes += heap.size[i];
  }
  return result;
}

}  // namespace reftally
