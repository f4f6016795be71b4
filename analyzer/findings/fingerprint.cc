#include "analyzer/findings/fingerprint.h"

#define XXH_INLINE_ALL
#include <fmt/format.h>
#include <xxhash.h>

namespace reftally {

std::string fingerprint_text(const Heap& heap, const Finding& finding) {
  std::string text = finding.rule;
  for (const PathStep& step : finding.cycle) {
    const HeapLabel& label = heap.labels[index(heap.label[step.reference])];
    text += fmt::format("\n{}|{}|{}", heap.type_name(step.from), heap.text(label.owner), heap.text(label.path));
  }
  if (!finding.cycle.empty()) return text;
  if (finding.subject) text += fmt::format("\n{}", heap.type_name(*finding.subject));
  constexpr size_t kFunctions = 3;  // enough to tell two leaks of one type apart, few enough to survive refactoring
  for (size_t i = 0; i < finding.born.size() && i < kFunctions; i++)
    text += fmt::format("\n@{}", finding.born[i].function);
  return text;
}

std::string fingerprint(const Heap& heap, const Finding& finding) {
  const std::string text = fingerprint_text(heap, finding);
  return fmt::format("{:016x}", XXH3_64bits(text.data(), text.size()));
}

}  // namespace reftally
