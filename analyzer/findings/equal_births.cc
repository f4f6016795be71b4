#include "analyzer/findings/equal_births.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "analyzer/findings/cycle_search.h"
#include "analyzer/graph/retaining_path.h"

namespace reftally {

namespace {

struct BirthText {
  std::string text;          // empty for a finding that stays as it is
  std::vector<size_t> ends;  // of its lines, one a frame
  bool is_cut = false;       // at a function that had called itself by then: how deep says nothing
};

// Blocks are of one type, whatever their sizes.
BirthText birth_text(const Heap& heap, const Finding& finding) {
  const std::string_view rule = finding.rule;
  if ((rule != "leaked-reference" && rule != "unreachable-block") || finding.born.empty() || !finding.subject)
    return {};
  BirthText birth;
  birth.text = fmt::format("{}\n{}\n", rule, stable_name(heap.type_name(*finding.subject)));
  std::set<std::pair<std::string_view, std::string_view>> called;
  for (const SourceFrame& frame : finding.born) {
    const bool is_named = !frame.function.empty() && frame.function != kUnknownCode;
    birth.is_cut = is_named && !called.emplace(frame.function, frame.file).second;
    if (birth.is_cut) break;
    birth.text += fmt::format("{} {}:{}\n", frame.function, frame.file, frame.line);
    birth.ends.push_back(birth.text.size());
  }
  return birth;
}

// Where a recursion lost one at its depth, another at the first call of it is the same.
std::string shortest_cut(const BirthText& birth, const std::set<std::string>& cuts) {
  for (size_t end : birth.ends)
    if (std::string beginning = birth.text.substr(0, end); cuts.contains(beginning)) return beginning;
  return birth.text;
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
  std::vector<BirthText> births;
  std::set<std::string> cuts;
  for (const Finding& finding : findings) {
    births.push_back(birth_text(heap, finding));
    if (births.back().is_cut && !births.back().ends.empty()) cuts.insert(births.back().text);
  }
  std::map<std::string, size_t> first;  // by birth text: index in `kept`
  std::vector<Finding> kept;
  for (size_t i = 0; i < findings.size(); ++i) {
    const std::string text = shortest_cut(births[i], cuts);
    const auto [known, is_new] = text.empty() ? std::pair{first.end(), true} : first.try_emplace(text, kept.size());
    if (is_new)
      kept.push_back(std::move(findings[i]));
    else
      merge(kept[known->second], std::move(findings[i]));
  }
  findings = std::move(kept);
}

namespace {

// Of the findings with a verdict of their own, by the text of the cycle.
std::map<std::string, size_t> unreachable_cycles(const Heap& heap, const std::vector<Finding>& findings) {
  std::map<std::string, size_t> found;
  for (size_t i = 0; i < findings.size(); ++i)
    if (findings[i].rule == std::string_view("unreachable-cycle") && findings[i].severity == Severity::kError)
      found.emplace(cycle_text(heap, findings[i].cycle), i);
  return found;
}

// By what a call left behind. A static, or the kernel, may well know objects that live.
bool is_seen_by_call(const Heap& heap, const Finding& finding) {
  return finding.rule == std::string_view("unowned-cycle") && finding.root &&
         is_passing(heap.roots[*finding.root].kind);
}

void add_advice(const Heap& heap, Finding& into, const Finding& from) {
  if (!into.advice || !from.advice || heap.label[into.advice->weaken] != heap.label[from.advice->weaken]) return;
  into.advice->breaks += from.advice->breaks;
  into.advice->frees_bytes += from.advice->frees_bytes;
  into.advice->safe = into.advice->safe && from.advice->safe;
}

void merge_watched(const Heap& heap, Finding& into, Finding&& watched) {
  const size_t count = watched.instances.size();
  const std::string by = watched.root ? std::string(heap.text(heap.roots[*watched.root].name)) : "a word";
  into.evidence.push_back(
      count == 1 ? fmt::format("a word still points to 1 of the cycles, but does not own it: {}", by)
                 : fmt::format("words still point to {} of the cycles, but do not own them: {}, …", count, by));
  add_advice(heap, into, watched);
  merge(into, std::move(watched));
}

}  // namespace

void merge_watched_cycles(const Heap& heap, std::vector<Finding>& findings) {
  const auto seen = std::stable_partition(findings.begin(), findings.end(),
                                          [&](const Finding& finding) { return !is_seen_by_call(heap, finding); });
  std::vector<Finding> watched(std::make_move_iterator(seen), std::make_move_iterator(findings.end()));
  findings.erase(seen, findings.end());
  const std::map<std::string, size_t> unreachable = unreachable_cycles(heap, findings);
  for (Finding& finding : watched) {
    const auto same = unreachable.find(cycle_text(heap, finding.cycle));
    if (same == unreachable.end())
      findings.push_back(std::move(finding));
    else
      merge_watched(heap, findings[same->second], std::move(finding));
  }
}

}  // namespace reftally
