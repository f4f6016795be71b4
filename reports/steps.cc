#include "reports/steps.h"

#include <fmt/format.h>

#include <algorithm>

#include "reports/reference_text.h"

namespace reftally {
namespace {

// A folded reference is as certain as its least certain step, and declared where the one to weaken is, or the first
// known one.
void describe(const Heap& heap, const std::vector<PathStep>& steps, size_t first, size_t last,
              const std::vector<LabelId>& weaken, ReportEdge& edge) {
  Certainty certainty = Certainty::kExact;
  for (size_t i = first; i <= last; i++) {
    const uint64_t row = steps[i].reference;
    certainty = std::max(certainty, heap.certainty[row]);
    const std::string_view location = heap.text(heap.labels[index(heap.label[row])].location);
    const bool is_advised = std::find(weaken.begin(), weaken.end(), heap.label[row]) != weaken.end();
    if (edge.location.empty() || (is_advised && !edge.weaken && !location.empty())) edge.location = location;
    edge.weaken |= is_advised;
  }
  if (heap.has_events) edge.acquire_stack = index(heap.acquired[steps[last].reference]);
  edge.kind = kind_name(heap.kind[steps[last].reference]);
  edge.certainty = certainty_name(certainty);
}

std::string through_block(const Heap& heap, const PathStep& step) {
  const std::string path = path_text(heap, step.reference, true);
  return " -> " + member_text(short_owner(type_text(heap, step.from)), path, reads_dotted(heap, step.reference));
}

}  // namespace

std::vector<ReadStep> read_steps(const Heap& heap, const std::vector<PathStep>& steps,
                                 const std::vector<LabelId>& weaken) {
  std::vector<ReadStep> result;
  for (size_t i = 0; i < steps.size();) {
    ReadStep step{};
    step.from = steps[i].from;
    step.edge.from = type_text(heap, steps[i].from);
    step.edge.via = path_text(heap, steps[i].reference, true);
    step.edge.member = member_name(heap, steps[i].reference, true);
    size_t last = i;
    while (!heap.is_counted(heap.referent[steps[last].reference]) && last + 1 < steps.size()) {
      const std::string more = through_block(heap, steps[++last]);
      step.edge.via += more;
      step.edge.member += more;
    }
    describe(heap, steps, i, last, weaken, step.edge);
    step.to = heap.referent[steps[last].reference];
    step.edge.to = type_text(heap, step.to);
    step.first_reference = steps[i].reference;
    step.last_reference = steps[last].reference;
    result.push_back(std::move(step));
    i = last + 1;
  }
  return result;
}

ReportEdge edge_of_reference(const Heap& heap, uint64_t row, bool with_element, const std::vector<LabelId>& weaken) {
  ReportEdge edge;
  edge.from = type_text(heap, referrer_of(heap, row));
  edge.via = path_text(heap, row, with_element);
  edge.member = member_name(heap, row, with_element);
  edge.to = type_text(heap, heap.referent[row]);
  edge.kind = kind_name(heap.kind[row]);
  edge.certainty = certainty_name(heap.certainty[row]);
  edge.location = heap.text(heap.labels[index(heap.label[row])].location);
  edge.weaken = std::find(weaken.begin(), weaken.end(), heap.label[row]) != weaken.end();
  if (heap.has_events) edge.acquire_stack = index(heap.acquired[row]);
  return edge;
}

ReportEdge edge_of_root(const Heap& heap, const HeapRoot& root) {
  ReportEdge edge;
  edge.from = heap.text(root.name);
  edge.to = type_text(heap, root.to);
  edge.kind = kind_name(root.reference);
  edge.certainty = certainty_name(root.certainty);
  edge.acquire_stack = index(root.acquired);
  return edge;
}

}  // namespace reftally
