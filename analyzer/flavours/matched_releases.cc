#include "analyzer/flavours/matched_releases.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "analyzer/flavours/gobject_links.h"

namespace reftally {

namespace {

constexpr size_t kMostRows = 256;  // pairs are looked at; what is taken in more ways than that is no lost reference

using Frames = std::vector<uint64_t>;  // outermost first

Frames frames_of(const Image& image, StackId stack) {
  Frames frames = image.frames(stack);
  std::reverse(frames.begin(), frames.end());
  return frames;
}

struct Take {
  Frames frames;
  int64_t units;
  EventTallies::Row* row;  // nullptr: the reference the object was born with
};

struct Release {
  Frames frames;
  int64_t units;
  EventTallies::Row* row;
};

// The better the less.
using Likeness = std::tuple<int64_t, size_t, size_t>;

Likeness likeness(const Frames& take, const Frames& release) {
  const auto apart = std::mismatch(take.begin(), take.end(), release.begin(), release.end()).first;
  const auto way = static_cast<size_t>(take.end() - apart);
  const size_t way_back = release.size() - static_cast<size_t>(apart - take.begin());
  return {-(apart - take.begin()), way > way_back ? way - way_back : way_back - way, way};
}

class Matching {
 public:
  Matching(const Image& image, StackId birth, bool born_with_one, std::vector<EventTallies::Row>& rows) {
    if (born_with_one) takes_.push_back({frames_of(image, caller_of_gobject(image, birth)), 1, nullptr});
    for (EventTallies::Row& row : rows) {
      if (row.balance > 0) takes_.push_back({frames_of(image, row.stack), row.balance, &row});
      if (row.balance < 0) releases_.push_back({frames_of(image, row.stack), -row.balance, &row});
    }
  }

  void run() {
    std::map<Likeness, std::vector<std::pair<size_t, size_t>>> pairs;  // of release and take
    for (size_t release = 0; release < releases_.size(); ++release)
      for (size_t take = 0; take < takes_.size(); ++take)
        pairs[likeness(takes_[take].frames, releases_[release].frames)].emplace_back(release, take);
    for (const auto& [alike, group] : pairs) match_group(group);
  }

 private:
  // All pairs that are equally alike. A release that several takes could account for settles them only together.
  void match_group(const std::vector<std::pair<size_t, size_t>>& group) {
    for (size_t begin = 0, end = 0; begin < group.size(); begin = end) {
      Release& release = releases_[group[begin].first];
      int64_t open = 0, kinds = 0;
      for (end = begin; end < group.size() && group[end].first == group[begin].first; ++end) {
        open += takes_[group[end].second].units;
        kinds += takes_[group[end].second].units > 0;
      }
      if (kinds > 1 && open > release.units) continue;
      for (size_t i = begin; i < end; ++i) cancel(release, takes_[group[i].second]);
    }
  }

  static void cancel(Release& release, Take& take) {
    const int64_t units = std::min(release.units, take.units);
    release.units -= units;
    take.units -= units;
    if (!take.row) return;
    take.row->balance -= static_cast<int32_t>(units);
    release.row->balance += static_cast<int32_t>(units);
  }

  std::vector<Take> takes_;
  std::vector<Release> releases_;
};

}  // namespace

void match_releases(const Image& image, StackId birth, bool born_with_one, std::vector<EventTallies::Row>& rows) {
  if (rows.size() > kMostRows) return;
  Matching(image, birth, born_with_one, rows).run();
  std::erase_if(rows, [](const EventTallies::Row& row) { return row.balance == 0; });
}

}  // namespace reftally
