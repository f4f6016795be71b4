#include "analyzer/findings/fingerprint.h"

#include "analyzer/findings/cycle_search.h"
#include "analyzer/graph/retaining_path.h"

#define XXH_INLINE_ALL
#include <fmt/format.h>
#include <xxhash.h>

namespace reftally {
namespace {

std::string hashed(const std::string& text) { return fmt::format("{:016x}", XXH3_64bits(text.data(), text.size())); }

}  // namespace

std::string fingerprint_text(const Heap& heap, const Finding& finding) {
  std::string text = finding.rule;
  text += '\n';
  if (!finding.cycle.empty()) return text + cycle_text(heap, finding.cycle);
  if (finding.subject) text += stable_name(heap.type_name(*finding.subject)) + '\n';
  if (finding.storage != LabelId{}) text += std::string(heap.text(heap.labels[index(finding.storage)].path)) + '\n';
  std::string last;  // a list is a list, whatever its length
  for (const PathStep& step : finding.path)
    if (std::string text_of_step = stable_step(heap, step) + '\n'; text_of_step != last) {
      text += text_of_step;
      last = std::move(text_of_step);
    }
  // A path without steps does not tell two statics apart that grow with objects of one type.
  if (!finding.held_before.empty() && finding.root && finding.path.empty())
    if (const std::string_view name = lasting_name(heap, heap.roots[*finding.root]); !name.empty())
      text += fmt::format("{}\n", name);
  constexpr size_t kFunctions = 3;  // enough to tell two leaks of one type apart, few enough to survive refactoring
  for (size_t i = 0; i < finding.born.size() && i < kFunctions; i++)
    text += fmt::format("@{}\n", stable_name(finding.born[i].function));
  return text;
}

std::string fingerprint(const Heap& heap, const Finding& finding) { return hashed(fingerprint_text(heap, finding)); }

std::string twin_fingerprint(const Heap& heap, const Finding& finding) {
  constexpr std::string_view kUnseen = "unreachable-cycle", kWatched = "unowned-cycle";
  if (finding.rule != kUnseen && finding.rule != kWatched) return "";
  const std::string_view other = finding.rule == kUnseen ? kWatched : kUnseen;
  return hashed(std::string(other) + '\n' + cycle_text(heap, finding.cycle));
}

}  // namespace reftally
