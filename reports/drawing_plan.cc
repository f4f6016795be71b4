#include "reports/drawing_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "reports/chain.h"
#include "reports/reference_text.h"
#include "reports/steps.h"

namespace reftally {
namespace {

constexpr size_t kMostVisited = 20'000;  // objects looked at around a finding
constexpr size_t kMostHolders = 6;
constexpr size_t kReadableEdges = 40;  // besides those of the cycle
constexpr uint32_t kNoGroup = 0xffffffff;

struct Group {
  ObjectId example = kNoObject;
  const char* role = "";
  uint32_t parent = kNoGroup;
  bool fixed = true;  // shown whatever there is
  uint64_t count = 0, bytes = 0, subtree_bytes = 0;
  bool elided = false;
  std::string name;  // of a root, or of what is left out
  int64_t most_strong = 0, remainder = 0;
  uint32_t node = kNoGroup;
};

class Plan {
 public:
  Plan(const Analysis& analysis, const Finding& finding, const ReferrerTable& referrers, ReportFinding& result)
      : heap_(analysis.heap),
        accounts_(analysis.accounts),
        reachable_(analysis.reachable),
        finding_(finding),
        referrers_(referrers),
        result_(result) {}

  std::vector<ObjectId> run() {
    if (finding_.advice) {
      weaken_.push_back(heap_.label[finding_.advice->weaken]);
      for (uint64_t row : finding_.advice->also) weaken_.push_back(heap_.label[row]);
    }
    if (!finding_.instances.empty()) members_ = finding_.instances.front();
    std::sort(members_.begin(), members_.end());
    add_ring();
    add_path();
    if (groups_.empty() && finding_.subject) add_fixed(*finding_.subject, "subject");
    const size_t shown = groups_.size();
    visit_the_rest();
    for (uint32_t group = 0; group < shown; group++) add_holders(group);
    // A picture that would be a tangle is drawn again with less of what is around the cycle.
    for (size_t most : {kMostNodes, fixed_groups() + kMostNodes / 4, fixed_groups() + 5}) {
      choose_nodes(most);
      emit_edges();
      if (result_.edges.size() <= kReadableEdges + fixed_edges_.size()) break;
    }
    return std::move(node_objects_);
  }

 private:
  bool is_member(ObjectId object) const { return std::binary_search(members_.begin(), members_.end(), object); }

  uint32_t add_group(Group group) {
    groups_.push_back(std::move(group));
    return static_cast<uint32_t>(groups_.size() - 1);
  }

  void count_in(uint32_t group, ObjectId object) {
    Group& to = groups_[group];
    to.count++;
    to.bytes += heap_.size[index(object)];
    group_of_.emplace(index(object), group);
    if (!heap_.is_counted(object)) return;
    to.most_strong = std::max(to.most_strong, heap_.strong_count[index(object)]);
    to.remainder += accounts_.remainder[index(object)];
  }

  uint32_t add_fixed(ObjectId object, const char* role) {
    if (auto found = group_of_.find(index(object)); found != group_of_.end()) return found->second;
    const uint32_t group = add_group({object, role});
    count_in(group, object);
    return group;
  }

  uint32_t add_link(const std::vector<ReadStep>& steps, const Link& link, const char* role) {
    if (!link.elided()) return add_fixed(steps[link.first].from, role);
    Group group{steps[link.first].from, role};
    group.elided = true;
    const uint32_t id = add_group(group);
    for (size_t i = link.first; i <= link.last; i++) count_in(id, steps[i].from);
    return id;
  }

  // Draws the steps; the blocks they pass belong to the reference that entered them.
  void add_chain(const std::vector<ReadStep>& steps, const char* role, uint32_t to) {
    const std::vector<Link> links = fold_chain(heap_, steps);
    std::vector<uint32_t> ids;
    for (const Link& link : links) ids.push_back(add_link(steps, link, role));
    ids.push_back(to == kNoGroup ? ids.front() : to);
    for (size_t i = 0; i < links.size(); i++) {
      const ReadStep& step = steps[links[i].last];
      fixed_edges_.push_back(step.edge);
      fixed_edges_.back().from_node = ids[i];
      fixed_edges_.back().to_node = ids[i + 1];
      edge_of_.try_emplace({ids[i], index(heap_.label[step.first_reference]), ids[i + 1]}, fixed_edges_.size() - 1);
      group_by_entry_.try_emplace({index(heap_.label[step.last_reference]), index(heap_.type[index(step.to)]), true},
                                  ids[i + 1]);
    }
  }

  void absorb(const std::vector<PathStep>& steps) {
    for (size_t i = 0; i < steps.size(); i++) {
      const ObjectId block = heap_.referent[steps[i].reference];
      if (heap_.is_counted(block) || group_of_.count(index(block)) != 0) continue;
      if (auto holder = group_of_.find(index(steps[i].from)); holder != group_of_.end()) {
        group_of_.emplace(index(block), holder->second);
        absorbed_.insert(index(block));
      }
    }
  }

  void add_ring() {
    const std::vector<ReadStep> steps = read_steps(heap_, finding_.cycle, weaken_);
    if (steps.empty()) return;
    result_.cycle = told_steps(heap_, steps);
    add_chain(steps, "cycle", kNoGroup);
    absorb(finding_.cycle);
    result_.ring = static_cast<uint32_t>(fixed_edges_.size());
  }

  void add_path() {
    if (!finding_.root) return;
    const HeapRoot& root = heap_.roots[*finding_.root];
    ReportEdge edge = edge_of_root(heap_, root);
    edge.from_node = add_root(*finding_.root);
    std::vector<ReadStep> steps = read_steps(heap_, finding_.path, weaken_);
    if (finding_.cycle.empty()) (steps.empty() ? edge : steps.back().edge).last_hold = true;
    result_.path.push_back(edge);
    for (ReportEdge& step : told_steps(heap_, steps)) result_.path.push_back(std::move(step));
    const ObjectId last = steps.empty() ? root.to : steps.back().to;
    const uint32_t end = add_fixed(last, "subject");
    const size_t place = fixed_edges_.size();
    fixed_edges_.push_back(edge);
    if (!steps.empty()) add_chain(steps, "path", end);
    absorb(finding_.path);
    fixed_edges_[place].to_node = group_of_.at(index(root.to));
  }

  uint32_t add_root(uint32_t row) {
    Group group;
    group.role = "root";
    group.name = heap_.text(heap_.roots[row].name);
    group.count = 1;
    return add_group(group);
  }

  // What is lost with the objects drawn so far: objects reached by the same member of the same type are one node.
  // What something owns is not lost, and not looked at.
  void visit_the_rest() {
    if (finding_.root) return;
    std::vector<ObjectId> queue;
    for (const auto& [object, group] : group_of_) queue.push_back(ObjectId{object});
    std::sort(queue.begin(), queue.end());
    for (size_t head = 0; head < queue.size() && queue.size() < kMostVisited; head++) {
      const uint32_t from = index(queue[head]);
      for (uint64_t row = heap_.references.begin(from); row < heap_.references.end(from); row++) {
        const ObjectId to = heap_.referent[row];
        if (!can_own(heap_, row) || reachable_.ownership[index(to)] != 0 || group_of_.count(index(to)) != 0) continue;
        count_in(group_for(row, group_of_.at(from)), to);
        queue.push_back(to);
      }
    }
    visited_ = std::move(queue);
  }

  uint32_t group_for(uint64_t row, uint32_t parent) {
    const ObjectId to = heap_.referent[row];
    const bool member = is_member(to);
    auto [found, fresh] =
        group_by_entry_.try_emplace({index(heap_.label[row]), index(heap_.type[index(to)]), member}, kNoGroup);
    if (fresh) {
      Group group{to, member ? "member" : "held", parent};
      group.fixed = false;
      found->second = add_group(group);
    }
    return found->second;
  }

  // Who else points to a drawn object: what keeps a lingering one, who watches a cycle that nobody owns.
  void add_holders(uint32_t to) {
    if (groups_[to].example == kNoObject || groups_[to].elided) return;
    std::map<std::tuple<uint32_t, uint32_t, ReferenceKind>, std::vector<uint64_t>> shapes;
    for (uint64_t row : referrers_.references_to(groups_[to].example)) {
      const ObjectId from = referrer_of(heap_, row);
      if (group_of_.count(index(from)) == 0)
        shapes[{index(heap_.label[row]), index(heap_.type[index(from)]), heap_.kind[row]}].push_back(row);
    }
    for (const auto& [shape, rows] : shapes) {
      if (++holders_ > kMostHolders) return;
      ReportEdge edge = edge_of_reference(heap_, rows.front(), !heap_.is_counted(groups_[to].example), weaken_);
      edge.count = rows.size();
      edge.from_node = add_group({referrer_of(heap_, rows.front()), "holder"});
      groups_[edge.from_node].count = rows.size();
      edge.to_node = to;
      fixed_edges_.push_back(std::move(edge));
    }
    for (uint32_t row : referrers_.roots_to(groups_[to].example)) add_root_holder(row, to);
  }

  void add_root_holder(uint32_t row, uint32_t to) {
    if ((finding_.root && *finding_.root == row) || ++holders_ > kMostHolders) return;
    const HeapRoot& root = heap_.roots[row];
    ReportEdge edge = edge_of_root(heap_, root);
    edge.from_node = add_root(row);
    edge.to_node = to;
    fixed_edges_.push_back(std::move(edge));
  }

  size_t fixed_groups() const {
    return static_cast<size_t>(std::count_if(groups_.begin(), groups_.end(), [](const Group& g) { return g.fixed; }));
  }

  // The groups with the most bytes below them get a node; a group's parent has at least as many as the group.
  void choose_nodes(size_t most) {
    result_.nodes.clear();
    node_objects_.clear();
    for (Group& group : groups_) group.subtree_bytes = group.bytes;
    for (size_t i = groups_.size(); i-- > 0;)
      if (groups_[i].parent != kNoGroup) groups_[groups_[i].parent].subtree_bytes += groups_[i].subtree_bytes;
    std::vector<uint32_t> order(groups_.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
      return std::tuple(groups_[b].fixed, groups_[b].subtree_bytes) <
             std::tuple(groups_[a].fixed, groups_[a].subtree_bytes);
    });
    const size_t shown = order.size() <= most ? order.size() : most - 1;
    std::sort(order.begin(), order.begin() + static_cast<ptrdiff_t>(shown));
    for (size_t i = 0; i < shown; i++) add_node(groups_[order[i]]);
    if (shown < order.size() || visited_.size() >= kMostVisited)
      add_rest({order.begin() + static_cast<ptrdiff_t>(shown), order.end()});
  }

  void add_node(Group& group) {
    group.node = static_cast<uint32_t>(result_.nodes.size());
    ReportNode node;
    node.type = group.example == kNoObject ? group.name : type_text(heap_, group.example);
    node.role = group.role;
    node.count = group.count;
    node.bytes = group.bytes;
    node.elided = group.elided;
    node.most_strong = group.most_strong;
    node.remainder = group.remainder;
    if (group.example != kNoObject) {
      const uint32_t i = index(group.example);
      node.address = fmt::format("{:#x}", heap_.address[i]);
      if (heap_.is_counted(group.example))
        node.account = {heap_.strong_count[i], accounts_.heap_references[i], accounts_.root_references[i],
                        accounts_.remainder[i]};
    }
    result_.nodes.push_back(std::move(node));
    node_objects_.push_back(group.elided ? kNoObject : group.example);
  }

  void add_rest(const std::vector<uint32_t>& left_out) {
    Group rest;
    rest.role = "rest";
    for (uint32_t group : left_out) {
      rest.count += groups_[group].count;
      rest.bytes += groups_[group].bytes;
    }
    if (visited_.size() >= kMostVisited) rest.count = 0;  // there are more than were counted
    add_node(rest);
    for (uint32_t group : left_out) groups_[group].node = rest.node;
  }

  void emit_edges() {
    result_.edges.clear();
    counted_.clear();
    for (ReportEdge edge : fixed_edges_) {
      edge.from_node = groups_[edge.from_node].node;
      edge.to_node = groups_[edge.to_node].node;
      result_.edges.push_back(std::move(edge));
    }
    std::map<std::tuple<uint32_t, uint32_t, uint32_t, ReferenceKind>, std::pair<uint64_t, uint64_t>> found;
    for (ObjectId object : visited_) collect_edges(object, found);
    std::vector<std::pair<uint64_t, uint64_t>> rows;  // first row, count
    for (const auto& [key, row] : found) rows.push_back(row);
    std::sort(rows.begin(), rows.end(), [&](const auto& a, const auto& b) {
      return std::tuple(heap_.kind[a.first], a.first) < std::tuple(heap_.kind[b.first], b.first);
    });
    for (const auto& [row, count] : rows) {
      if (result_.edges.size() >= kMostEdges) break;
      ReportEdge edge = edge_of_reference(heap_, row, false, weaken_);
      edge.count = count;
      edge.from_node = groups_[group_of_.at(index(referrer_of(heap_, row)))].node;
      edge.to_node = groups_[group_of_.at(index(heap_.referent[row]))].node;
      if (is_rest(edge.from_node) || is_rest(edge.to_node)) edge.via.clear();
      result_.edges.push_back(std::move(edge));
    }
  }

  static void count_again(ReportEdge& edge, uint64_t count) {
    edge.count = count;
    if (count != 2) return;
    edge.via = without_indexes(edge.via);
    edge.member = without_indexes(edge.member);
  }

  bool is_rest(uint32_t node) const { return result_.nodes[node].role == "rest"; }

  template <class Found>
  void collect_edges(ObjectId object, Found& found) {
    const uint32_t from = group_of_.at(index(object));
    if (absorbed_.count(index(object)) != 0) return;
    for (uint64_t row = heap_.references.begin(index(object)); row < heap_.references.end(index(object)); row++) {
      const auto to = group_of_.find(index(heap_.referent[row]));
      if (to == group_of_.end() || absorbed_.count(to->first) != 0) continue;
      if (heap_.referent[row] == object && heap_.kind[row] == ReferenceKind::kWeak)
        continue;  // enable_shared_from_this
      const auto drawn = edge_of_.find({from, index(heap_.label[row]), to->second});
      if (drawn != edge_of_.end()) {
        count_again(result_.edges[drawn->second], ++counted_[drawn->second]);
        continue;
      }
      const bool at_rest = is_rest(groups_[from].node) || is_rest(groups_[to->second].node);
      const uint32_t label = at_rest ? 0 : index(heap_.label[row]);
      auto [place, fresh] = found.try_emplace({groups_[from].node, label, groups_[to->second].node, heap_.kind[row]},
                                              std::pair(row, uint64_t{0}));
      place->second.second++;
    }
  }

  const Heap& heap_;
  const Accounts& accounts_;
  const Reachability& reachable_;
  const Finding& finding_;
  const ReferrerTable& referrers_;
  ReportFinding& result_;
  std::vector<LabelId> weaken_;
  std::vector<ObjectId> members_;  // of the example's component, sorted
  std::vector<Group> groups_;
  std::unordered_map<uint32_t, uint32_t> group_of_;  // by object
  std::unordered_set<uint32_t> absorbed_;            // blocks inside drawn references
  std::vector<ObjectId> visited_;
  std::vector<ReportEdge> fixed_edges_;                                      // between groups
  std::map<std::tuple<uint32_t, uint32_t, uint32_t>, size_t> edge_of_;       // group, label, group -> fixed edge
  std::map<size_t, uint64_t> counted_;                                       // references of a fixed edge
  std::map<std::tuple<uint32_t, uint32_t, bool>, uint32_t> group_by_entry_;  // label, type, member -> group
  std::vector<ObjectId> node_objects_;
  size_t holders_ = 0;
};

}  // namespace

std::vector<ObjectId> drawn_objects(const Finding& finding) {
  std::vector<ObjectId> objects;
  constexpr size_t kMost = 2 * kMostNodes;
  for (size_t i = 0; i < finding.cycle.size() && i < kMost; i++) objects.push_back(finding.cycle[i].from);
  for (size_t i = 0; i < finding.path.size() && i < kMost; i++) objects.push_back(finding.path[i].from);
  if (finding.subject) objects.push_back(*finding.subject);
  return objects;
}

std::vector<ObjectId> plan_drawing(const Analysis& analysis, const Finding& finding, const ReferrerTable& referrers,
                                   ReportFinding& result) {
  return Plan(analysis, finding, referrers, result).run();
}

}  // namespace reftally
