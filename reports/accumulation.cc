#include "reports/accumulation.h"

#include <algorithm>
#include <map>
#include <span>
#include <unordered_map>

namespace reftally {
namespace {

constexpr uint64_t kLeastPart = 100;     // of the heap, one in so many
constexpr double kMostOfOneChild = 0.7;  // MAT's: where no child has so much of its parent is a big drop
constexpr size_t kMostTypes = 3, kMostPoints = 10;

class Accumulation {
 public:
  Accumulation(const Heap& heap, const Retention& retention, RetainingPaths& paths)
      : heap_(heap),
        retention_(retention),
        paths_(paths),
        least_(std::max<uint64_t>(1, retention.total / kLeastPart)) {}

  std::vector<AccumulationPoint> run() {
    std::map<std::string_view, std::vector<uint32_t>> of_root;
    for (uint32_t top : retention_.top) {
      const RetainingPath path = paths_.path_to(ObjectId{top}, Follow::kOwners);
      if (path.root && path.references.empty())
        of_root[heap_.text(heap_.roots[*path.root].name)].push_back(top);
      else if (path.root)
        add_below(top, true);
    }
    for (const auto& [name, tops] : of_root) {
      if (tops.size() > 1) add_root(tops);
      for (uint32_t top : tops) add_below(top, tops.size() == 1);
    }
    std::stable_sort(points_.begin(), points_.end(),
                     [](const AccumulationPoint& a, const AccumulationPoint& b) { return a.retained > b.retained; });
    if (points_.size() > kMostPoints) points_.resize(kMostPoints);
    return std::move(points_);
  }

 private:
  std::span<const uint32_t> children_of(uint32_t object) const {
    const uint64_t begin = retention_.below.begin(object), end = retention_.below.end(object);
    return std::span(retention_.children).subspan(begin, end - begin);
  }

  uint64_t retained(uint32_t object) const { return retention_.retained[object]; }

  // What has nothing below it is told where nothing above it is.
  void add_below(uint32_t top, bool is_first) {
    for (std::vector<uint32_t> open{top}; !open.empty(); is_first = false) {
      const uint32_t object = accumulation_below(open.back());
      open.pop_back();
      if (retained(object) < least_ || (children_of(object).empty() && !is_first)) continue;
      for (uint32_t child : children_of(object)) open.push_back(child);
      points_.push_back({ObjectId{object}, paths_.path_to(ObjectId{object}, Follow::kOwners), retained(object),
                         types_of(children_of(object))});
    }
  }

  uint32_t accumulation_below(uint32_t object) const {
    const auto less = [&](uint32_t a, uint32_t b) { return retained(a) < retained(b); };
    for (;;) {
      const std::span<const uint32_t> children = children_of(object);
      if (children.empty()) return object;
      const uint32_t biggest = *std::max_element(children.begin(), children.end(), less);
      if (static_cast<double>(retained(biggest)) < static_cast<double>(retained(object)) * kMostOfOneChild)
        return object;
      object = biggest;
    }
  }

  void add_root(const std::vector<uint32_t>& tops) {
    uint64_t sum = 0;
    for (uint32_t top : tops) sum += retained(top);
    if (sum < least_) return;
    RetainingPath path = paths_.path_to(ObjectId{tops.front()}, Follow::kOwners);
    points_.push_back({std::nullopt, std::move(path), sum, types_of(tops)});
  }

  std::vector<Accumulated> types_of(std::span<const uint32_t> objects) const {
    std::unordered_map<uint32_t, size_t> row_of;
    std::vector<Accumulated> rows;
    for (uint32_t object : objects) {
      const auto [found, added] = row_of.try_emplace(index(heap_.type[object]), rows.size());
      if (added) rows.push_back({heap_.type[object]});
      rows[found->second].objects++;
      rows[found->second].retained += retained(object);
    }
    std::stable_sort(rows.begin(), rows.end(),
                     [](const Accumulated& a, const Accumulated& b) { return a.retained > b.retained; });
    if (rows.size() > kMostTypes) rows.resize(kMostTypes);
    return rows;
  }

  const Heap& heap_;
  const Retention& retention_;
  RetainingPaths& paths_;
  const uint64_t least_;
  std::vector<AccumulationPoint> points_;
};

}  // namespace

std::vector<AccumulationPoint> find_accumulation_points(const Heap& heap, const Retention& retention,
                                                        RetainingPaths& paths) {
  return Accumulation(heap, retention, paths).run();
}

}  // namespace reftally
