#include "reports/merged_paths.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "reports/names.h"
#include "reports/reference_text.h"

namespace reftally {
namespace {

constexpr size_t kMostWays = 200;    // to hold objects, that are looked at
constexpr size_t kEndsOfRoute = 12;  // steps of a long one that are told, at either end

std::vector<std::string> steps_of(const Heap& heap, const RetainingPath& path) {
  std::vector<std::string> steps{"root " + std::string(heap.text(heap.roots[*path.root].name))};
  const size_t count = path.references.size();
  const bool is_long = count > 2 * kEndsOfRoute + 1;
  for (size_t i = 0; i < count; i++) {
    if (is_long && i == kEndsOfRoute) {
      steps.push_back(fmt::format("… {} …", plural(count - 2 * kEndsOfRoute, "step")));
      i = count - kEndsOfRoute;
    }
    steps.push_back(member_name(heap, path.references[i]));
  }
  return steps;
}

struct Way {
  uint64_t objects = 0, bytes = 0;
  ObjectId example{};
};

// Those that hold most objects, in the order of that.
std::vector<Way> ways_to_hold(const Heap& heap, RetainingPaths& paths, std::span<const ObjectId> objects) {
  const std::vector<uint64_t> signature = paths.signatures(Follow::kOwners);
  std::unordered_map<uint64_t, size_t> row_of;
  std::vector<Way> ways;
  for (ObjectId object : objects) {
    if (signature[index(object)] == 0) continue;
    const auto [found, added] = row_of.try_emplace(signature[index(object)], ways.size());
    if (added) ways.push_back({0, 0, object});
    ways[found->second].objects++;
    ways[found->second].bytes += heap.size[index(object)];
  }
  std::stable_sort(ways.begin(), ways.end(), [](const Way& a, const Way& b) { return a.objects > b.objects; });
  return ways;
}

void add_way(MergedPaths& top, const std::vector<std::string>& steps, const Way& way) {
  MergedPaths* at = &top;
  for (size_t i = 0;; i++) {
    at->objects += way.objects;
    at->bytes += way.bytes;
    if (i == steps.size()) return;
    const auto same =
        std::find_if(at->below.begin(), at->below.end(), [&](const MergedPaths& row) { return row.steps == steps[i]; });
    at = same != at->below.end() ? &*same : &at->below.emplace_back(MergedPaths{steps[i], 0, 0, {}, 0});
  }
}

// Steps without a branch become one row.
void fold(MergedPaths& row) {
  while (!row.steps.empty() && row.below.size() == 1 && row.below.front().objects == row.objects) {
    MergedPaths only = std::move(row.below.front());
    row.steps += " -> " + only.steps;
    row.below = std::move(only.below);
  }
  for (MergedPaths& next : row.below) fold(next);
  std::stable_sort(row.below.begin(), row.below.end(),
                   [](const MergedPaths& a, const MergedPaths& b) { return a.objects > b.objects; });
}

}  // namespace

MergedPaths merge_paths(const Heap& heap, RetainingPaths& paths, std::span<const ObjectId> objects) {
  MergedPaths top;
  const std::vector<Way> ways = ways_to_hold(heap, paths, objects);
  for (size_t i = 0; i < std::min(ways.size(), kMostWays); i++)
    add_way(top, steps_of(heap, paths.path_to(ways[i].example, Follow::kOwners)), ways[i]);
  for (size_t i = kMostWays; i < ways.size(); i++) {
    top.objects += ways[i].objects;
    top.bytes += ways[i].bytes;
    top.left_out++;
  }
  fold(top);
  return top;
}

std::string route_text(const Heap& heap, const RetainingPath& path) {
  return fmt::format("{}", fmt::join(steps_of(heap, path), " -> "));
}

}  // namespace reftally
