// The whole heap in V8's format, which Chrome's DevTools and memlab open. Objects are counted objects, native nodes
// blocks; what a root has hangs below "(roots)", what nothing owns below "(unreachable)" with its finding's rule.
#include <fmt/format.h>

#include <iterator>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "analyzer/analysis.h"
#include "analyzer/base/error.h"
#include "reports/escape.h"
#include "reports/names.h"
#include "reports/reference_text.h"
#include "reports/renderers.h"

namespace reftally {
namespace {

// V8's readers keep nodes in one array of numbers, which a JavaScript engine does not let grow any further.
constexpr uint32_t kMostObjects = 16'700'000;

constexpr char kMeta[] =
    R"("meta":{"node_fields":["type","name","id","self_size","edge_count","trace_node_id","detachedness"],)"
    R"("node_types":[["hidden","array","string","object","code","closure","regexp","number","native","synthetic",)"
    R"("concatenated string","sliced string","symbol","bigint","object shape"],"string","number","number","number",)"
    R"("number","number"],"edge_fields":["type","name_or_index","to_node"],"edge_types":[["context","element",)"
    R"("property","internal","hidden","shortcut","weak"],"string_or_number","node"],"trace_function_info_fields":)"
    R"(["function_id","name","script_name","script_id","line","column"],"trace_node_fields":["id","function_info_index",)"
    R"("count","size","children"],"sample_fields":["timestamp_us","last_assigned_id"],)"
    R"("location_fields":["object_index","script_id","line","column"]})";
enum NodeType { kObject = 3, kNative = 8, kSynthetic = 9 };
enum EdgeType { kElement = 1, kProperty = 2, kInternal = 3, kWeak = 6 };
constexpr uint32_t kNodeFields = 7;
constexpr uint32_t kRootNode = 1, kUnreachableNode = 2, kFirstObject = 3;  // node 0 is above all

class Snapshot {
 public:
  explicit Snapshot(const Analysis& analysis) : analysis_(analysis), heap_(analysis.heap) {}

  std::string run() {
    if (heap_.object_count() > kMostObjects)
      throw Error(fmt::format("{} objects are more than readers of this format can open ({})",
                              count_text(heap_.object_count()), count_text(kMostObjects)));
    node(kSynthetic, "", 0, 2);
    edge(kElement, 1, kRootNode);
    edge(kElement, 2, kUnreachableNode);
    add_roots();
    add_unreachable();
    for (uint32_t i = 0; i < heap_.object_count(); i++) add_object(i);
    return fmt::format(
        "{{\"snapshot\":{{{},\"node_count\":{},\"edge_count\":{},\"trace_function_count\":0}},\n\"nodes\":[{}],"
        "\n\"edges\":[{}],\n"
        "\"trace_function_infos\":[],\"trace_tree\":[],\"samples\":[],\"locations\":[],\n\"strings\":{}}}\n",
        kMeta, nodes_written_, edges_written_, nodes_, edges_, nlohmann::json(strings_).dump());
  }

 private:
  uint32_t string(const std::string& text) {
    const auto [found, fresh] = string_ids_.try_emplace(text, static_cast<uint32_t>(strings_.size()));
    if (fresh) strings_.push_back(text);
    return found->second;
  }

  void node(NodeType type, const std::string& name, uint64_t size, uint64_t edges) {
    // Ids of what the program made are odd in V8's own snapshots.
    fmt::format_to(std::back_inserter(nodes_), "{}{},{},{},{},{},0,0", nodes_written_ == 0 ? "" : "\n,",
                   static_cast<int>(type), string(name), 2 * nodes_written_ + 1, size, edges);
    nodes_written_++;
  }

  void edge(EdgeType type, uint32_t name, uint32_t to) {
    fmt::format_to(std::back_inserter(edges_), "{}{},{},{}", edges_written_ == 0 ? "" : "\n,", static_cast<int>(type),
                   name, uint64_t{to} * kNodeFields);
    edges_written_++;
  }

  void add_roots() {
    node(kSynthetic, "(roots)", 0, heap_.roots.size());
    for (const HeapRoot& root : heap_.roots)
      edge(root.reference == ReferenceKind::kWeak ? kWeak : kInternal,
           string(printable(cut(heap_.text(root.name), 500))), kFirstObject + index(root.to));
  }

  void add_unreachable() {
    std::vector<std::pair<const char*, ObjectId>> lost;
    for (const Finding& finding : analysis_.findings)
      if (!finding.root)
        for (const auto& instance : finding.instances)
          if (!instance.empty()) lost.emplace_back(finding.rule, instance.front());
    node(kSynthetic, "(unreachable)", 0, lost.size());
    for (const auto& [rule, object] : lost) edge(kInternal, string(rule), kFirstObject + index(object));
  }

  void add_object(uint32_t object) {
    const uint64_t begin = heap_.references.begin(object), end = heap_.references.end(object);
    node(heap_.is_counted(ObjectId{object}) ? kObject : kNative, type_name(heap_.type[object]), heap_.size[object],
         end - begin);
    for (uint64_t row = begin; row < end; row++)
      edge(edge_type(row), member(row), kFirstObject + index(heap_.referent[row]));
  }

  EdgeType edge_type(uint64_t row) const {
    if (heap_.kind[row] == ReferenceKind::kWeak) return kWeak;
    return can_own(heap_, row) ? kProperty : kInternal;
  }

  const std::string& type_name(TypeId type) {
    auto [found, fresh] = type_names_.try_emplace(index(type));
    if (fresh) found->second = short_type(heap_.text(heap_.types[index(type)].name), 120);
    return found->second;
  }

  uint32_t member(uint64_t row) {
    if (heap_.element[row] != kNoElement) return string(printable(cut(path_text(heap_, row, true), 300)));
    auto [found, fresh] = members_.try_emplace(index(heap_.label[row]), 0);
    if (fresh) found->second = string(printable(cut(path_text(heap_, row, false), 300)));
    return found->second;
  }

  const Analysis& analysis_;
  const Heap& heap_;
  std::string nodes_, edges_;
  uint64_t nodes_written_ = 0, edges_written_ = 0;
  std::vector<std::string> strings_;
  std::unordered_map<std::string, uint32_t> string_ids_;
  std::unordered_map<uint32_t, std::string> type_names_;
  std::unordered_map<uint32_t, uint32_t> members_;  // by label
};

}  // namespace

std::string render_heap_snapshot(const Report&, const RenderOptions& options) {
  if (options.analysis == nullptr) throw Error("a heap snapshot is made of a dump, not of a report");
  return Snapshot(*options.analysis).run();
}

}  // namespace reftally
