// Findings of a drawn heap as text, in the names of the drawing:
//   "unreachable-cycle a =[child_]=> b => a x2"    "leaked-reference a b"
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "analyzer/analysis.h"
#include "analyzer/heap/drawing.h"

namespace reftally {

class DrawnFindings {
 public:
  explicit DrawnFindings(std::string_view drawing) {
    DrawnHeap drawn = read_drawing(drawing);
    names_.resize(drawn.heap.object_count());
    for (const auto& [name, object] : drawn.names) names_[index(object)] = name;
    analysis = analyze_heap(std::move(drawn.heap));
  }

  // One line a finding, worst first.
  std::vector<std::string> lines() const {
    std::vector<std::string> result;
    for (const Finding& finding : analysis.findings) result.push_back(line(finding));
    return result;
  }

  std::vector<std::string> sorted_lines() const {
    std::vector<std::string> result = lines();
    std::sort(result.begin(), result.end());
    return result;
  }

  // Rule, objects of the cycle or the instances, and how many instances when there are several.
  std::string line(const Finding& finding) const {
    std::string text = finding.rule;
    if (finding.cycle.empty()) {
      for (const auto& objects : finding.instances) text += fmt::format(" {}", name(objects.front()));
      return text;
    }
    for (const PathStep& step : finding.cycle) text += fmt::format(" {} {}", name(step.from), arrow(step.reference));
    text += fmt::format(" {}", name(finding.cycle.front().from));
    return finding.instances.size() == 1 ? text : fmt::format("{} x{}", text, finding.instances.size());
  }

  std::string arrow(uint64_t reference) const {
    const HeapLabel& label = analysis.heap.labels[index(analysis.heap.label[reference])];
    const std::string_view path = analysis.heap.text(label.path);
    return path.empty() ? "=>" : fmt::format("=[{}]=>", path);
  }

  const std::string& name(ObjectId object) const { return names_[index(object)]; }

  Analysis analysis;

 private:
  std::vector<std::string> names_;
};

using Lines = std::vector<std::string>;

}  // namespace reftally
