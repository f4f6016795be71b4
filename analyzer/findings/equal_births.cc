#include "analyzer/findings/equal_births.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "analyzer/findings/cycle_search.h"

namespace reftally {

namespace {

// Empty for a finding that stays as it is. Blocks are of one type, whatever their sizes.
std::string birth_text(const Heap& heap, const Finding& finding) {
  const std::string_view rule = finding.rule;
  if ((rule != "leaked-reference" && rule != "unreachable-block") || finding.born.empty() || !finding.subject)
    return {};
  std::string text = fmt::format("{}\n{}\n", rule, stable_name(heap.type_name(*finding.subject)));
  std::set<std::pair<std::string_view, std::string_view>> called;
  for (const SourceFrame& frame : finding.born) {
    const bool is_named = !frame.function.empty() && frame.function != kUnknownCode;
    if (is_named && !called.emplace(frame.function, frame.file).second) break;  // how deep says nothing
    text += fmt::format("{} {}:{}\n", frame.function, frame.file, frame.line);
  }
  return text;
}

void merge_acquires(std::vector<FindingAcquire>& into, const std::vector<FindingAcquire>& from) {
  for (const FindingAcquire& acquire : from) {
    const auto same = std::find_if(into.begin(), into.end(), [&](const FindingAcquire& other) {
      return other.stack == acquire.stack && other.is_birth == acquire.is_birth &&
             other.is_release == acquire.is_release && other.is_certain == acquire.is_certain;
    });
    if (same == into.end())
      into.push_back(acquire);
    else
      same->units += acquire.units;
  }
  std::stable_sort(into.begin(), into.end(),
                   [](const FindingAcquire& a, const FindingAcquire& b) { return a.units > b.units; });
}

void merge(Finding& into, Finding&& from) {
  into.instances.insert(into.instances.end(), from.instances.begin(), from.instances.end());
  into.objects += from.objects;
  into.bytes += from.bytes;
  into.retained_bytes += from.retained_bytes;
  into.held_objects += from.held_objects;
  merge_acquires(into.acquires, from.acquires);
}

}  // namespace

void merge_equal_births(const Heap& heap, std::vector<Finding>& findings) {
  std::map<std::string, size_t> first;  // by birth text: index in `kept`
  std::vector<Finding> kept;
  for (Finding& finding : findings) {
    const std::string text = birth_text(heap, finding);
    const auto [known, is_new] = text.empty() ? std::pair{first.end(), true} : first.try_emplace(text, kept.size());
    if (is_new)
      kept.push_back(std::move(finding));
    else
      merge(kept[known->second], std::move(finding));
  }
  findings = std::move(kept);
}

}  // namespace reftally
