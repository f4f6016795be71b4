#include "reports/retention.h"

#include "analyzer/graph/reference_graph.h"

namespace reftally {
namespace {

// Objects the searches start from: what roots hold, the first object of each lost cycle, what nobody refers to.
std::vector<uint32_t> entries_of(const Analysis& analysis, const OwningGraph& graph) {
  const Heap& heap = analysis.heap;
  std::vector<uint8_t> is_entry(heap.object_count(), 0), is_held(heap.object_count(), 0);
  for (const HeapRoot& root : heap.roots) is_entry[index(root.to)] = root.reference != ReferenceKind::kWeak;
  for (const Finding& finding : analysis.findings)
    if (finding.path.empty() && !finding.root)
      for (const auto& instance : finding.instances)
        if (!instance.empty()) is_entry[index(instance.front())] = 1;
  for (uint32_t to : graph.target) is_held[to] = 1;
  std::vector<uint32_t> entries;
  for (uint32_t i = 0; i < heap.object_count(); i++)
    if (is_entry[i] != 0 || is_held[i] == 0) entries.push_back(i);
  return entries;
}

}  // namespace

Retention find_retention(const Analysis& analysis) {
  const Heap& heap = analysis.heap;
  const uint32_t count = heap.object_count();
  const OwningGraph graph = make_owning_graph(heap, ObjectSet(count, 1));
  const Dominators dominators = find_dominators(graph.edges, graph.target, entries_of(analysis, graph));
  Retention retention;
  retention.retained = retained_weights(dominators, heap.size);
  retention.above.assign(count, Retention::kTop);
  std::vector<uint64_t>& offsets = retention.below.offsets;
  offsets.assign(count + 1, 0);
  for (uint32_t i = 0; i < count; i++) {
    retention.total += heap.size[i];
    const uint32_t above = dominators.immediate[i];
    if (above < count) retention.above[i] = above;
    if (above < count) offsets[above + 1]++;
    if (above >= count) retention.top.push_back(i);
    if (above == Dominators::kUnreached) retention.retained[i] = heap.size[i];
  }
  for (uint32_t i = 0; i < count; i++) offsets[i + 1] += offsets[i];
  retention.children.resize(offsets.back());
  std::vector<uint64_t> next(offsets.begin(), offsets.end() - 1);
  for (uint32_t i = 0; i < count; i++)
    if (retention.above[i] != Retention::kTop) retention.children[next[retention.above[i]]++] = i;
  return retention;
}

}  // namespace reftally
