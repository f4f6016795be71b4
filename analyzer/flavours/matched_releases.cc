#include "analyzer/flavours/matched_releases.h"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <utility>

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

class Matching {
 public:
  Matching(const Image& image, StackId birth, bool born_with_one, const FunctionOf& function_of,
           std::vector<EventTallies::Row>& rows)
      : function_of_(function_of) {
    if (born_with_one) takes_.push_back({frames_of(image, caller_of_gobject(image, birth)), 1, nullptr});
    for (EventTallies::Row& row : rows) {
      if (row.balance > 0) takes_.push_back({frames_of(image, row.stack), row.balance, &row});
      if (row.balance < 0) releases_.push_back({frames_of(image, row.stack), -row.balance, &row});
    }
  }

  void run() {
    Pairs sure, rest;
    for (size_t release = 0; release < releases_.size(); ++release)
      for (size_t take = 0; take < takes_.size(); ++take) {
        const auto [likeness, is_sure] = compare(takes_[take].frames, releases_[release].frames);
        (is_sure ? sure : rest)[likeness].emplace_back(release, take);
      }
    for (const auto& [alike, group] : sure) match_group(group);
    if (is_undecided()) return mark_rows();
    for (const auto& [alike, group] : rest) match_group(group);
  }

 private:
  using Pairs = std::map<Likeness, std::vector<std::pair<size_t, size_t>>>;  // of release and take

  // How alike two call paths are, and whether they part in one function.
  std::pair<Likeness, bool> compare(const Frames& take, const Frames& release) {
    const auto [apart, apart_too] = std::mismatch(take.begin(), take.end(), release.begin(), release.end());
    const auto way = static_cast<size_t>(take.end() - apart), way_back = static_cast<size_t>(release.end() - apart_too);
    const bool is_sure =
        way != 0 && way_back != 0 && !name_of(*apart).empty() && name_of(*apart) == name_of(*apart_too);
    return {{-(apart - take.begin()), way > way_back ? way - way_back : way_back - way, way}, is_sure};
  }

  const std::string& name_of(uint64_t ip) {
    const auto [known, added] = names_.try_emplace(ip);
    if (added) known->second = function_of_(ip);
    return known->second;
  }

  bool is_undecided() const {
    int64_t open = 0, given = 0, kinds = 0;
    for (const Take& take : takes_) open += take.units, kinds += take.units > 0;
    for (const Release& release : releases_) given += release.units;
    return kinds > 1 && given > 0 && given < open;
  }

  void mark_rows() {
    for (const Take& take : takes_)
      if (take.row) take.row->undecided = true;
    for (const Release& release : releases_) release.row->undecided = true;
  }

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

  const FunctionOf& function_of_;
  std::map<uint64_t, std::string> names_;
  std::vector<Take> takes_;
  std::vector<Release> releases_;
};

}  // namespace

void match_releases(const Image& image, StackId birth, bool born_with_one, const FunctionOf& function_of,
                    std::vector<EventTallies::Row>& rows) {
  if (rows.size() > kMostRows) return;
  Matching(image, birth, born_with_one, function_of, rows).run();
  std::erase_if(rows, [](const EventTallies::Row& row) { return row.balance == 0; });
}

}  // namespace reftally
