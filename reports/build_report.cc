#include "reports/build_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "reports/drawing_plan.h"
#include "reports/names.h"
#include "reports/summary.h"

namespace reftally {
namespace {

const char* severity_name(Severity severity) {
  static constexpr const char* kNames[] = {"note", "warning", "error"};
  return kNames[static_cast<size_t>(severity)];
}

const char* reason_name(dump::SnapshotReason reason) {
  switch (reason) {
    case dump::SnapshotReason::kMainReturned:
      return "main returned";
    case dump::SnapshotReason::kExitCalled:
      return "exit was called";
    case dump::SnapshotReason::kSignal:
      return "signal";
    case dump::SnapshotReason::kApi:
      return "reftally_dump()";
    case dump::SnapshotReason::kAttach:
      return "attach";
    case dump::SnapshotReason::kAbnormal:
      return "core file";
  }
  return "unknown";
}

std::vector<ReportMember> members_of(const Heap& heap, const Finding& finding) {
  std::map<std::string, uint64_t> counts;
  const bool any_counted = std::any_of(finding.instances.begin(), finding.instances.end(), [&](const auto& objects) {
    return std::any_of(objects.begin(), objects.end(), [&](ObjectId object) { return heap.is_counted(object); });
  });
  for (const std::vector<ObjectId>& objects : finding.instances)
    for (ObjectId object : objects)
      if (heap.is_counted(object) || !any_counted) counts[std::string(heap.type_name(object))]++;
  std::vector<ReportMember> members;
  for (const auto& [type, count] : counts) members.push_back({type, count});
  std::stable_sort(members.begin(), members.end(), [](const auto& a, const auto& b) { return a.count > b.count; });
  return members;
}

std::vector<ReportFrame> frames_of(const std::vector<SourceFrame>& born) {
  std::vector<ReportFrame> frames;
  auto first = std::find_if_not(born.begin(), born.end(), is_library_frame);
  if (first == born.end()) first = born.begin();
  for (; first != born.end(); ++first) frames.push_back({first->function, first->file, first->module, first->line});
  while (frames.size() > 1 &&
         is_library_frame({frames.back().function, frames.back().file, frames.back().line, frames.back().module}))
    frames.pop_back();
  return frames;
}

ReportFinding build_finding(const Analysis& analysis, const Finding& finding, const FramesOf& frames) {
  const Heap& heap = analysis.heap;
  ReportFinding result;
  result.rule = finding.rule;
  result.severity = severity_name(finding.severity);
  result.fingerprint = finding.fingerprint;
  result.instances = finding.instances.size();
  result.objects = finding.objects;
  result.bytes = finding.bytes;
  result.retained_bytes = std::max(finding.retained_bytes, finding.bytes);
  result.held_objects = finding.held_objects;
  result.members = members_of(heap, finding);
  result.evidence = finding.evidence;
  result.born = frames_of(finding.born);
  if (finding.subject && heap.is_counted(*finding.subject))
    result.account = {finding.account.strong_count, finding.account.heap_references, finding.account.root_references,
                      finding.account.remainder};
  if (finding.advice)
    result.advice = {member_name(heap, finding.advice->weaken), finding.advice->breaks, finding.advice->frees_bytes,
                     finding.advice->safe, finding.advice->reason};
  plan_drawing(analysis, finding, frames, result);
  result.summary = summarize(result);
  return result;
}

}  // namespace

Report build_report(const Analysis& analysis, const Image* image, const FramesOf& frames) {
  Report report;
  if (image != nullptr) {
    report.source = image->source;
    report.executable = image->process.executable;
    report.command_line = image->process.command_line;
    report.reason = reason_name(image->process.reason);
    report.pid = image->process.pid;
  }
  std::set<std::string> flavours;
  static constexpr const char* kFlavours[] = {"block", "shared_ptr", "intrusive", "declared", "python"};
  for (FlavourId flavour : analysis.heap.flavour)
    if (flavour != FlavourId::kBlock) flavours.insert(kFlavours[static_cast<size_t>(flavour)]);
  report.flavours.assign(flavours.begin(), flavours.end());
  const AnalysisTotals& totals = analysis.totals;
  report.totals = {totals.blocks,
                   totals.bytes,
                   totals.objects,
                   totals.references,
                   totals.reachable_bytes,
                   totals.unreachable_bytes,
                   totals.unreachable_blocks,
                   totals.counted_objects,
                   totals.explained_objects};
  for (const Finding& finding : analysis.findings) report.findings.push_back(build_finding(analysis, finding, frames));
  report.warnings = analysis.warnings;
  return report;
}

}  // namespace reftally
