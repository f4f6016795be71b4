// The page that is the program: from the image of a process to findings, one named pass after another.
#include "analyzer/analysis.h"

#include <algorithm>
#include <tuple>

#include "analyzer/base/huge_pages.h"
#include "analyzer/findings/acquires.h"
#include "analyzer/findings/advice.h"
#include "analyzer/findings/destructors.h"
#include "analyzer/findings/equal_births.h"
#include "analyzer/findings/evidence_graph.h"
#include "analyzer/findings/fingerprint.h"
#include "analyzer/findings/growth.h"
#include "analyzer/findings/import_garbage.h"
#include "analyzer/findings/modules_in_use.h"
#include "analyzer/findings/retained.h"
#include "analyzer/findings/rules.h"
#include "analyzer/flavours/lift.h"
#include "analyzer/image/call_frames.h"

namespace reftally {
namespace {

ObjectSet not_in(const ObjectSet& reached) {
  ObjectSet rest(reached.size());
  std::transform(reached.begin(), reached.end(), rest.begin(), [](uint8_t in) -> uint8_t { return !in; });
  return rest;
}

ObjectSet reached_but_unowned(const Reachability& reachable) {
  ObjectSet result(reachable.conservative.size());
  for (size_t i = 0; i < result.size(); i++) result[i] = reachable.conservative[i] && !reachable.ownership[i];
  return result;
}

// By object: references that are certain only because the counts say so, and words that may be references.
struct WordCounts {
  std::vector<uint32_t> counted, possible;
};

WordCounts count_words(const Heap& heap) {
  WordCounts words{filled_column(heap.object_count(), uint32_t{0}), filled_column(heap.object_count(), uint32_t{0})};
  auto add = [&](ObjectId to, ReferenceKind kind, Certainty certainty) {
    words.counted[index(to)] += certainty == Certainty::kCounted;
    words.possible[index(to)] += kind == ReferenceKind::kAmbiguous || kind == ReferenceKind::kRaw;
  };
  for (uint64_t row = 0; row < heap.referent.size(); row++)
    add(heap.referent[row], heap.kind[row], heap.certainty[row]);
  for (const HeapRoot& root : heap.roots) add(root.to, root.reference, root.certainty);
  return words;
}

AnalysisTotals add_up(const Heap& heap, const Accounts& accounts, const Reachability& reachable) {
  AnalysisTotals totals;
  totals.blocks = heap.block_count;
  totals.bytes = heap.block_bytes;
  totals.objects = heap.object_count();
  totals.references = heap.referent.size();
  const WordCounts words = count_words(heap);
  for (uint32_t i = 0; i < heap.object_count(); i++) {
    (reachable.conservative[i] ? totals.reachable_bytes : totals.unreachable_bytes) += heap.size[i];
    totals.unreachable_blocks += !reachable.conservative[i];
    if (!heap.is_counted(ObjectId{i}) || (heap.flags[i] & dump::kObjectImmortal) != 0) continue;
    totals.counted_objects++;
    totals.explained_objects += accounts.remainder[i] == 0;
    totals.explained_by_structure += accounts.remainder[i] == 0 && words.counted[i] == 0;
    totals.explained_with_words += accounts.remainder[i] >= 0 && accounts.remainder[i] <= words.possible[i];
  }
  return totals;
}

void name_births(const Heap& heap, const Image& image, const DebugTypes& types, std::vector<Finding>& findings) {
  constexpr size_t kFrames = 24;
  for (Finding& finding : findings) {
    if (!finding.subject && !finding.instances.empty()) finding.subject = finding.instances.front().front();
    if (!finding.subject) continue;
    for (uint64_t address : image.frames(heap.birth_stack[index(*finding.subject)])) {
      for (SourceFrame& frame : source_frames_at(image, types, address)) finding.born.push_back(std::move(frame));
      if (finding.born.size() >= kFrames) break;
    }
  }
}

void rank(const Heap& heap, std::vector<Finding>& findings) {
  for (Finding& finding : findings) {
    finding.fingerprint = fingerprint(heap, finding);
    finding.twin_fingerprint = twin_fingerprint(heap, finding);
  }
  std::sort(findings.begin(), findings.end(), [](const Finding& a, const Finding& b) {
    return std::tuple(b.severity, b.grown_bytes, b.retained_bytes, b.objects, std::string_view(a.rule),
                      std::string_view(a.fingerprint)) < std::tuple(a.severity, a.grown_bytes, a.retained_bytes,
                                                                    a.objects, std::string_view(b.rule),
                                                                    std::string_view(b.fingerprint));
  });
}

bool has_collector(const Heap& heap) {
  return std::any_of(heap.flags.begin(), heap.flags.end(),
                     [](uint32_t flags) { return (flags & dump::kObjectTracked) != 0; });
}

void find_everything(Analysis& analysis, const AnalysisOptions& options) {
  auto phase = [&](const char* name) {
    if (options.progress) options.progress(name);
  };
  const Heap& heap = analysis.heap;

  phase("accounts");  // strong count = heap + roots + remainder, for every counted object
  analysis.accounts = close_accounts(heap);

  phase("reachability");  // T1 conservative, T2 ownership
  analysis.reachable = find_reachable(heap, analysis.accounts);
  analysis.totals = add_up(heap, analysis.accounts, analysis.reachable);
  analysis.unexplained = find_unexplained(heap, analysis.accounts);

  // Beyond this point it is decided what is alive.

  phase("components");  // cycles among what is dead, and among what nobody owns
  const EvidenceGraph unreachable(heap, analysis.accounts, not_in(analysis.reachable.conservative));
  const EvidenceGraph unowned(heap, analysis.accounts, reached_but_unowned(analysis.reachable));

  phase("rules");  // the table in findings/rules.cc
  RetainingPaths paths(heap);
  const ObjectSet collectable = find_collector_garbage(heap);
  analysis.totals.has_collector = has_collector(heap);
  for (uint32_t i = 0; i < heap.object_count(); i++) {
    analysis.totals.waiting_objects += collectable[i];
    analysis.totals.waiting_bytes += collectable[i] != 0 ? heap.size[i] : 0;
  }
  const RuleInput input{heap,  analysis.accounts, analysis.reachable,  unreachable,     unowned,
                        paths, collectable,       has_collector(heap), options.earlier, options.before};
  for (const Rule& rule : rules()) rule.find(input, analysis.findings);

  // Beyond this point it is decided what is found.

  phase("acquires");  // which calls took what nobody gave back
  const EventAudit audit(heap);
  for (const AuditedType& type : audit.types()) {
    analysis.totals.audited_objects += type.objects;
    analysis.totals.agreeing_objects += type.objects - type.disagreeing;
  }
  for (Finding& finding : analysis.findings) find_acquires(heap, analysis.accounts, audit, finding);
  for (std::string& warning : audit_warnings(heap, audit)) analysis.warnings.push_back(std::move(warning));

  phase("retained sizes");  // dominators: what each finding keeps from being freed
  measure_retained(input, analysis.findings);

  phase("advice");  // which reference to make weak
  Advisor(input).advise(analysis.findings);
}

}  // namespace

Analysis analyze(const Image& image, const DebugTypes& types, const AnalysisOptions& options) {
  Analysis analysis;
  if (options.progress) options.progress("lift");  // words, types and declared facts become objects and references
  analysis.heap = lift(image, types, {options.use_types, options.stated});

  // Beyond this point nobody looks at memory: the heap is fixed.

  find_everything(analysis, options);
  if (options.progress) options.progress("births");
  judge_by_destructors(analysis.heap, image, types, analysis.findings);
  forget_import_garbage(analysis.heap, image, types, analysis.findings);
  settle_by_events(analysis.heap, analysis.findings);
  advise_events(analysis.heap, analysis.findings);
  name_births(analysis.heap, image, types, analysis.findings);
  merge_equal_births(analysis.heap, analysis.findings);
  merge_watched_cycles(analysis.heap, analysis.findings);
  rank(analysis.heap, analysis.findings);
  analysis.warnings.insert(analysis.warnings.begin(), image.warnings.begin(), image.warnings.end());
  for (const auto& [kind, text] : image.notes)
    if (kind == dump::NoteKind::kWarning) analysis.warnings.push_back(text);
  for (std::string& warning : types.warnings(modules_in_use(analysis.heap, image, analysis.findings)))
    analysis.warnings.push_back(std::move(warning));
  return analysis;
}

Analysis analyze_heap(Heap heap, const AnalysisOptions& options) {
  Analysis analysis;
  analysis.heap = std::move(heap);
  find_everything(analysis, options);
  rank(analysis.heap, analysis.findings);
  return analysis;
}

}  // namespace reftally
