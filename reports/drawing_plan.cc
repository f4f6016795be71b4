#include "reports/drawing_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

#include "reports/names.h"

namespace reftally {
namespace {

constexpr size_t kMaxNodes = 60;         // more cannot be read, and dot takes over a second (research/graph.md, 4)
constexpr size_t kMaxVisited = 100'000;  // objects looked at below a finding

const char* kind_name(ReferenceKind kind) {
  static constexpr const char* kNames[] = {"strong", "weak", "raw", "strong or weak"};
  return kNames[static_cast<size_t>(kind)];
}

const char* certainty_name(Certainty certainty) {
  static constexpr const char* kNames[] = {"exact", "counted", "conservative"};
  return kNames[static_cast<size_t>(certainty)];
}

// "routes_[].handler_" of element 3 reads "routes_[3].handler_".
std::string path_text(const Heap& heap, uint64_t reference) {
  std::string path(heap.text(heap.labels[index(heap.label[reference])].path));
  if (path.starts_with('+')) return "offset " + path.substr(1);  // no type to name the member
  if (heap.element[reference] == kNoElement) return path;
  if (const size_t at = path.find("[]"); at != std::string::npos)
    path.insert(at + 1, std::to_string(heap.element[reference]));
  return path;
}

class Plan {
 public:
  Plan(const Analysis& analysis, const Finding& finding, const FramesOf& frames, ReportFinding& result)
      : heap_(analysis.heap), accounts_(analysis.accounts), finding_(finding), frames_(frames), result_(result) {}

  void run() {
    if (finding_.advice) weaken_ = heap_.label[finding_.advice->weaken];
    add_steps(finding_.cycle, "cycle", result_.cycle, true);
    add_path();
    if (result_.nodes.empty() && finding_.subject) add_node(*finding_.subject, "leaked");
    for (const ReportEdge& edge : result_.cycle) result_.edges.push_back(edge);
    for (const ReportEdge& edge : result_.path) result_.edges.push_back(edge);
    add_held();
  }

 private:
  uint32_t add_node(ObjectId object, const char* role) {
    auto [found, fresh] = node_of_.try_emplace(index(object), static_cast<uint32_t>(result_.nodes.size()));
    if (!fresh) return found->second;
    ReportNode node;
    node.type = heap_.type_name(object);
    node.bytes = heap_.size[index(object)];
    node.role = role;
    node.address = fmt::format("{:#x}", heap_.address[index(object)]);
    if (heap_.is_counted(object)) {
      node.strong_count = heap_.strong_count[index(object)];
      node.remainder = accounts_.remainder[index(object)];
    }
    std::vector<SourceFrame> born = frames_ ? frames_(heap_.birth_stack[index(object)]) : std::vector<SourceFrame>();
    auto own = std::find_if_not(born.begin(), born.end(), is_library_frame);
    if (own != born.end()) node.born = frame_text(*own);
    result_.nodes.push_back(std::move(node));
    return found->second;
  }

  // Steps through blocks are folded into the text of the reference that entered them: a reader thinks in objects.
  void add_steps(const std::vector<PathStep>& steps, const char* role, std::vector<ReportEdge>& edges, bool closed) {
    for (size_t i = 0; i < steps.size();) {
      ReportEdge edge;
      edge.from = heap_.type_name(steps[i].from);
      edge.from_node = add_node(steps[i].from, role);
      size_t last = i;
      edge.via = path_text(heap_, steps[i].reference);
      edge.dotted = (heap_.labels[index(heap_.label[steps[i].reference])].flags & kLabelDotted) != 0;
      while (!heap_.is_counted(heap_.referent[steps[last].reference]) && last + 1 < steps.size()) {
        last++;
        edge.via +=
            fmt::format(" -> {}.{}", heap_.type_name(steps[last].from), path_text(heap_, steps[last].reference));
      }
      describe(steps, i, last, edge);
      const ObjectId to = heap_.referent[steps[last].reference];
      edge.to = heap_.type_name(to);
      edge.to_node = closed && last + 1 == steps.size() ? add_node(steps.front().from, role) : add_node(to, role);
      edges.push_back(std::move(edge));
      i = last + 1;
    }
  }

  // A folded reference is as strong and as certain as the weakest of its steps, and lies where its first known one
  // does.
  void describe(const std::vector<PathStep>& steps, size_t first, size_t last, ReportEdge& edge) const {
    Certainty certainty = Certainty::kExact;
    for (size_t i = first; i <= last; i++) {
      const uint64_t row = steps[i].reference;
      certainty = std::max(certainty, heap_.certainty[row]);
      const std::string_view location = heap_.text(heap_.labels[index(heap_.label[row])].location);
      if (edge.location.empty()) edge.location = location;
      edge.weaken |= weaken_ != LabelId{} && heap_.label[row] == weaken_;
    }
    edge.kind = kind_name(heap_.kind[steps[last].reference]);
    edge.certainty = certainty_name(certainty);
  }

  void add_path() {
    if (!finding_.root) return;
    const HeapRoot& root = heap_.roots[*finding_.root];
    const uint32_t node = static_cast<uint32_t>(result_.nodes.size());
    ReportNode root_node;
    root_node.type = heap_.text(root.name);
    root_node.role = "root";
    result_.nodes.push_back(std::move(root_node));
    ReportEdge edge;
    edge.from = heap_.text(root.name);
    edge.to = heap_.type_name(root.to);
    edge.kind = kind_name(root.reference);
    edge.certainty = certainty_name(root.certainty);
    edge.from_node = node;
    edge.to_node = add_node(root.to, "path");
    result_.path.push_back(std::move(edge));
    add_steps(finding_.path, "path", result_.path, false);
  }

  // What hangs below the first instance, one node for each (holder, member, type).
  void add_held() {
    std::unordered_set<uint32_t> seen;
    std::vector<std::pair<uint32_t, uint32_t>> queue;  // object, node
    for (const std::vector<ObjectId>& objects : {finding_.instances.front()})
      for (ObjectId object : objects) {
        seen.insert(index(object));
        auto node = node_of_.find(index(object));
        if (node != node_of_.end()) queue.emplace_back(index(object), node->second);
      }
    std::map<std::tuple<uint32_t, uint32_t, uint32_t>, uint32_t> folded;  // holder node, label, type -> node
    if (finding_.root) return;                                            // alive: what it holds is not lost
    for (size_t head = 0; head < queue.size() && queue.size() < kMaxVisited; head++) {
      const auto [from, from_node] = queue[head];
      for (uint64_t row = heap_.references.begin(from); row < heap_.references.end(from); row++) {
        const uint32_t to = index(heap_.referent[row]);
        if (!can_own(heap_, row) || !seen.insert(to).second) continue;
        const std::tuple key{from_node, index(heap_.label[row]), index(heap_.type[to])};
        auto found = folded.find(key);
        if (found == folded.end()) {
          if (result_.nodes.size() >= kMaxNodes) continue;
          found = folded.emplace(key, add_folded(row, from_node)).first;
        } else {
          fold(result_.nodes[found->second], to);
        }
        queue.emplace_back(to, found->second);
      }
    }
  }

  uint32_t add_folded(uint64_t row, uint32_t from_node) {
    const ObjectId to = heap_.referent[row];
    const uint32_t node = static_cast<uint32_t>(result_.nodes.size());
    ReportNode held;
    held.type = heap_.type_name(to);
    held.bytes = heap_.size[index(to)];
    held.role = "held";
    result_.nodes.push_back(std::move(held));
    ReportEdge edge;
    edge.from = result_.nodes[from_node].type;
    edge.via = heap_.text(heap_.labels[index(heap_.label[row])].path);
    edge.dotted = (heap_.labels[index(heap_.label[row])].flags & kLabelDotted) != 0;
    edge.to = heap_.type_name(to);
    edge.kind = kind_name(heap_.kind[row]);
    edge.certainty = certainty_name(heap_.certainty[row]);
    edge.location = heap_.text(heap_.labels[index(heap_.label[row])].location);
    edge.from_node = from_node;
    edge.to_node = node;
    result_.edges.push_back(std::move(edge));
    return node;
  }

  void fold(ReportNode& node, uint32_t object) const {
    node.count++;
    node.bytes += heap_.size[object];
  }

  const Heap& heap_;
  const Accounts& accounts_;
  const Finding& finding_;
  const FramesOf& frames_;
  ReportFinding& result_;
  LabelId weaken_{};
  std::unordered_map<uint32_t, uint32_t> node_of_;
};

}  // namespace

std::string member_name(const Heap& heap, uint64_t reference) {
  const HeapLabel& label = heap.labels[index(heap.label[reference])];
  const std::string_view owner = heap.text(label.owner), path = heap.text(label.path);
  if (path.starts_with('+')) return fmt::format("{} at offset {}", owner, path.substr(1));
  if (owner.starts_with("[lambda ")) return fmt::format("{}.{}", owner, heap.text(label.path));
  if (owner.empty()) return std::string(heap.text(label.path));
  return member_text(owner, heap.text(label.path), (label.flags & kLabelDotted) != 0);
}

void plan_drawing(const Analysis& analysis, const Finding& finding, const FramesOf& frames, ReportFinding& result) {
  Plan(analysis, finding, frames, result).run();
}

}  // namespace reftally
