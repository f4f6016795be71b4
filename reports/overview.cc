#include "reports/overview.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <queue>
#include <tuple>

#include "reports/names.h"
#include "reports/own_frames.h"
#include "reports/reference_text.h"
#include "reports/retention.h"

namespace reftally {
namespace {

constexpr size_t kMostTypes = 300;
constexpr size_t kMostBirths = 2000;  // call stacks that are looked up: each costs a search in debug information
constexpr size_t kMostBranches = 400;
constexpr size_t kMostMapTypes = 40;
constexpr size_t kMostMapEdges = 90;

struct Sum {
  uint64_t count = 0, bytes = 0, retained = 0;

  void add(const Heap& heap, const Retention& retention, uint32_t object, bool outermost) {
    count++;
    bytes += heap.size[object];
    if (outermost) retained += retention.retained[object];
  }
  void add(const Sum& other) {
    count += other.count;
    bytes += other.bytes;
    retained += other.retained;
  }
};

bool by_retained(const ReportSize& a, const ReportSize& b) {
  return std::tie(b.retained_bytes, b.bytes, a.name) < std::tie(a.retained_bytes, a.bytes, b.name);
}

// Keeps the first `most`; the others become one row.
void keep_most(std::vector<ReportSize>& rows, size_t most) {
  std::sort(rows.begin(), rows.end(), by_retained);
  if (rows.size() <= most) return;
  ReportSize rest{"(all others)"};
  for (size_t i = most; i < rows.size(); i++) {
    rest.count += rows[i].count;
    rest.bytes += rows[i].bytes;
  }
  rest.retained_bytes = rest.bytes;  // what they retain together is not the sum
  rows.resize(most);
  rows.push_back(rest);
}

class OverviewBuilder {
 public:
  OverviewBuilder(const Analysis& analysis, const FramesOf& frames)
      : heap_(analysis.heap), frames_(frames), retention_(find_retention(analysis)) {}

  ReportOverview run() {
    sum_types();
    sum_births();
    grow_tree();
    draw_map();
    return std::move(overview_);
  }

 private:
  uint32_t type_of(uint32_t object) const { return index(heap_.type[object]); }

  // An object is outermost of its kind when nothing that dominates it is of that kind: only these are summed, for
  // what they retain has the others in it. One walk down the dominator tree, which may be as deep as the heap is big.
  template <class Kind>
  std::vector<uint8_t> find_outermost(uint32_t kinds, Kind kind) const {
    std::vector<uint8_t> outermost(heap_.object_count(), 0);
    std::vector<uint32_t> open(kinds, 0);  // objects of each kind on the way from the top
    std::vector<uint64_t> next(retention_.below.offsets.begin(), retention_.below.offsets.end() - 1);
    std::vector<uint32_t> way;
    const auto enter = [&](uint32_t object) {
      outermost[object] = open[kind(object)]++ == 0;
      way.push_back(object);
    };
    for (uint32_t top : retention_.top) {
      for (enter(top); !way.empty();) {
        const uint32_t object = way.back();
        if (next[object] < retention_.below.end(object)) {
          enter(retention_.children[next[object]++]);
        } else {
          open[kind(object)]--;
          way.pop_back();
        }
      }
    }
    return outermost;
  }

  std::string type_name(uint32_t type) const {
    const std::string name(heap_.text(heap_.types[type].name));
    return name.empty() ? "unknown" : name;
  }

  void sum_types() {
    types_.resize(heap_.types.size());
    const std::vector<uint8_t> outermost =
        find_outermost(static_cast<uint32_t>(types_.size()), [this](uint32_t object) { return type_of(object); });
    for (uint32_t object = 0; object < heap_.object_count(); object++)
      types_[type_of(object)].add(heap_, retention_, object, outermost[object] != 0);
    for (uint32_t type = 0; type < types_.size(); type++)
      if (types_[type].count != 0)
        overview_.types.push_back({type_name(type), types_[type].count, types_[type].bytes, types_[type].retained});
    keep_most(overview_.types, kMostTypes);
  }

  static std::string library_of(const std::vector<ReportFrame>& frames) {
    const auto own = std::find_if_not(frames.begin(), frames.end(), is_library_frame);
    const std::string module = frames.empty() ? "" : base_name((own == frames.end() ? frames.front() : *own).module);
    return module.empty() ? "unknown" : module;
  }

  // Most bytes first.
  std::vector<std::pair<StackId, Sum>> sums_by_stack() const {
    uint32_t last = 0;
    for (StackId stack : heap_.birth_stack) last = std::max(last, index(stack));
    const auto stack_of = [this](uint32_t object) { return index(heap_.birth_stack[object]); };
    const std::vector<uint8_t> outermost = find_outermost(last + 1, stack_of);
    std::vector<Sum> sums(last + 1);
    for (uint32_t object = 0; object < heap_.object_count(); object++)
      sums[stack_of(object)].add(heap_, retention_, object, outermost[object] != 0);
    std::vector<std::pair<StackId, Sum>> order;
    for (uint32_t stack = 0; stack <= last; stack++)
      if (sums[stack].count != 0) order.emplace_back(StackId{stack}, sums[stack]);
    std::stable_sort(order.begin(), order.end(),
                     [](const auto& a, const auto& b) { return b.second.bytes < a.second.bytes; });
    return order;
  }

  void sum_births() {
    std::map<std::string, Sum> libraries;
    Sum rest;
    const std::vector<std::pair<StackId, Sum>> order = sums_by_stack();
    for (size_t i = 0; i < order.size(); i++) {
      const auto& [stack, sum] = order[i];
      const bool named = i < kMostBirths && frames_ && stack != StackId{};
      const std::vector<ReportFrame> frames = named ? report_frames(frames_(stack)) : std::vector<ReportFrame>();
      libraries[library_of(frames)].add(sum);
      if (named && !frames.empty())
        overview_.births.push_back({own_frames(frames), sum.count, sum.bytes, sum.retained});
      else
        rest.add(sum);
    }
    if (rest.count != 0) overview_.births.push_back({{}, rest.count, rest.bytes, rest.bytes});
    for (const auto& [name, sum] : libraries) overview_.libraries.push_back({name, sum.count, sum.bytes, sum.retained});
    std::sort(overview_.libraries.begin(), overview_.libraries.end(), by_retained);
  }

  struct Branch {
    uint64_t retained;
    uint32_t row;
    std::vector<uint32_t> objects;
    bool operator<(const Branch& other) const { return retained < other.retained; }
  };

  // The branch with the most bytes is opened first, until there are as many as can be seen.
  void grow_tree() {
    std::priority_queue<Branch> open;
    add_branches(ReportBranch::kTop, retention_.top, open);
    while (!open.empty() && overview_.tree.size() < kMostBranches) {
      const Branch branch = open.top();
      open.pop();
      std::vector<uint32_t> below;
      for (uint32_t object : branch.objects) {
        const auto children = retention_.below.slice(retention_.children, object);
        below.insert(below.end(), children.begin(), children.end());
      }
      add_branches(branch.row, below, open);
    }
  }

  void add_branches(uint32_t parent, const std::vector<uint32_t>& objects, std::priority_queue<Branch>& open) {
    std::map<uint32_t, std::vector<uint32_t>> by_type;
    for (uint32_t object : objects) by_type[type_of(object)].push_back(object);
    for (auto& [type, same] : by_type) {
      Sum sum;
      for (uint32_t object : same) sum.add(heap_, retention_, object, true);
      const auto row = static_cast<uint32_t>(overview_.tree.size());
      // A branch too small to be seen beside its siblings is not kept: the page draws what is left as a remainder.
      if (sum.retained * 2000 < retention_.total) continue;
      overview_.tree.push_back({parent, type_name(type), sum.count, sum.bytes, sum.retained});
      open.push({sum.retained, row, std::move(same)});
    }
  }

  void draw_map() {
    constexpr uint32_t kNone = 0xffffffff;
    std::vector<uint32_t> order(types_.size()), row_of(types_.size(), kNone);
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
      return std::pair(types_[b].retained, types_[b].bytes) < std::pair(types_[a].retained, types_[a].bytes);
    });
    for (uint32_t type : order) {
      if (types_[type].count == 0 || overview_.map_types.size() == kMostMapTypes) continue;
      row_of[type] = static_cast<uint32_t>(overview_.map_types.size());
      overview_.map_types.push_back({type_name(type), types_[type].count, types_[type].bytes, types_[type].retained});
    }
    const size_t width = overview_.map_types.size();
    std::vector<uint64_t> owning(width * width, 0), others(width * width, 0);
    for (uint32_t from = 0; from < heap_.object_count(); from++) {
      const uint32_t from_row = row_of[type_of(from)];
      if (from_row == kNone) continue;
      for (uint64_t row = heap_.references.begin(from); row < heap_.references.end(from); row++) {
        const uint32_t to_row = row_of[type_of(index(heap_.referent[row]))];
        if (to_row != kNone) (can_own(heap_, row) ? owning : others)[from_row * width + to_row]++;
      }
    }
    std::vector<ReportTypeEdge>& edges = overview_.map_edges;
    for (uint32_t cell = 0; cell < width * width; cell++) {
      const auto from = static_cast<uint32_t>(cell / width), to = static_cast<uint32_t>(cell % width);
      if (owning[cell] != 0) edges.push_back({from, to, owning[cell], true});
      if (others[cell] != 0) edges.push_back({from, to, others[cell], false});
    }
    std::stable_sort(edges.begin(), edges.end(), [](const auto& a, const auto& b) {
      return std::tie(b.owns, b.count) < std::tie(a.owns, a.count);
    });
    if (edges.size() > kMostMapEdges) edges.resize(kMostMapEdges);
  }

  const Heap& heap_;
  const FramesOf& frames_;
  const Retention retention_;
  std::vector<Sum> types_;
  ReportOverview overview_;
};

}  // namespace

ReportOverview build_overview(const Analysis& analysis, const FramesOf& frames_of) {
  return OverviewBuilder(analysis, frames_of).run();
}

}  // namespace reftally
