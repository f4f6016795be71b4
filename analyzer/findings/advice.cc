#include "analyzer/findings/advice.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <unordered_map>

#include "analyzer/graph/reference_graph.h"

namespace reftally {
namespace {

constexpr size_t kInstancesTried = 256;  // instances of one shape are alike: more would only cost time

bool contains_word(std::string_view path, std::string_view word) {
  std::string lower;
  for (char c : path) lower.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
  return lower.find(word) != std::string::npos;
}

// Names only break ties between members that break the cycle equally well (research/lint.md: names may rank, never
// find).
bool reads_as_back_reference(std::string_view path) {
  for (std::string_view word :
       {"parent", "owner", "back", "self", "prev", "session", "delegate", "context", "observer"})
    if (contains_word(path, word)) return true;
  return false;
}

struct Candidate {
  uint64_t reference = 0;
  bool in_closure = false, back_name = false, in_container = false;

  int rank() const { return in_closure ? 0 : back_name && !in_container ? 1 : !in_container ? 2 : 3; }
};

Candidate describe(const Heap& heap, const PathStep& step) {
  const HeapLabel& label = heap.labels[index(heap.label[step.reference])];
  const std::string_view path = heap.text(label.path);
  Candidate candidate;
  candidate.reference = step.reference;
  candidate.in_closure = path.find("[lambda ") != std::string_view::npos ||
                         heap.text(label.owner).find("[lambda ") != std::string_view::npos ||
                         heap.type_name(step.from).find("[lambda ") != std::string_view::npos;
  candidate.in_container = path.find("[]") != std::string_view::npos;
  candidate.back_name = reads_as_back_reference(path);
  return candidate;
}

// Whether the component of these objects has no cycle left once the member is weak. Local numbers: a component is
// small, the heap is not.
bool breaks(const Heap& heap, const std::vector<ObjectId>& objects, uint64_t member) {
  std::unordered_map<uint32_t, uint32_t> vertex_of;
  for (uint32_t i = 0; i < objects.size(); i++) vertex_of.emplace(index(objects[i]), i);
  CsrOffsets edges;
  std::vector<uint32_t> target;
  for (uint32_t i = 0; i < objects.size(); i++) {
    const uint32_t from = index(objects[i]);
    for (uint64_t row = heap.references.begin(from); row < heap.references.end(from); row++) {
      auto to = vertex_of.find(index(heap.referent[row]));
      if (to == vertex_of.end() || !can_own(heap, row) || heap.label[row] == heap.label[member]) continue;
      if (to->second == i) return false;
      target.push_back(to->second);
    }
    edges.offsets.push_back(target.size());
  }
  return find_components(edges, target).count == objects.size();
}

std::string reason_for(const Candidate& candidate) {
  if (candidate.in_closure)
    return "the closure is stored in what it captures: capture a weak_ptr and lock() it when it runs";
  if (candidate.back_name)
    return "it points back to the object that owns its holder, which needs no vote on its own life";
  if (!candidate.in_container) return "it is the single reference that goes against a container of owners";
  return "weakening it breaks the cycle, but its referent may then have no owner at all: check who should own it";
}

}  // namespace

std::optional<Advice> advise(const Heap& heap, const Finding& finding) {
  std::vector<Candidate> candidates;
  for (const PathStep& step : finding.cycle)
    if (heap.kind[step.reference] == ReferenceKind::kStrong && heap.is_counted(heap.referent[step.reference]) &&
        index(heap.label[step.reference]) != 0)
      candidates.push_back(describe(heap, step));
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.rank() < b.rank(); });
  const bool unequal = !candidates.empty() && candidates.front().rank() < candidates.back().rank();
  for (const Candidate& candidate : candidates) {
    size_t tried = 0, broken = 0;
    for (const std::vector<ObjectId>& objects : finding.instances) {
      if (tried++ == kInstancesTried) break;
      broken += breaks(heap, objects, candidate.reference);
    }
    if (broken == 0 || broken < std::min(finding.instances.size(), kInstancesTried)) continue;
    Advice advice;
    advice.weaken = candidate.reference;
    advice.breaks = static_cast<uint32_t>(finding.instances.size());
    advice.frees_bytes = finding.retained_bytes;
    advice.safe = candidate.in_closure || (unequal && candidate.rank() < 3);
    advice.reason = reason_for(candidate);
    return advice;
  }
  return std::nullopt;
}

}  // namespace reftally
