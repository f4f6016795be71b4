#include "reports/build_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

#include "reports/balance.h"
#include "reports/count_history.h"
#include "reports/drawing_plan.h"
#include "reports/escape.h"
#include "reports/history.h"
#include "reports/names.h"
#include "reports/overview.h"
#include "reports/own_frames.h"
#include "reports/reference_text.h"
#include "reports/referrers.h"
#include "reports/source_lines.h"
#include "reports/summary.h"

namespace reftally {
namespace {

constexpr const char* kFlavourNames[] = {"block", "shared_ptr", "intrusive", "declared", "python", "GObject"};

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

std::vector<std::string> flavours_of(const Heap& heap) {
  std::array<bool, std::size(kFlavourNames)> is_there{};
  for (FlavourId flavour : heap.flavour) is_there[static_cast<size_t>(flavour)] = true;
  std::vector<std::string> names;
  for (size_t i = 0; i < is_there.size(); i++)
    if (is_there[i] && static_cast<FlavourId>(i) != FlavourId::kBlock) names.emplace_back(kFlavourNames[i]);
  std::sort(names.begin(), names.end());
  return names;
}

constexpr size_t kMostBirths = 40;  // call stacks of one finding

std::vector<ReportMember> members_of(const Heap& heap, const Finding& finding) {
  std::map<TypeId, std::pair<ObjectId, uint64_t>> by_type;  // an example and their number
  const bool any_counted = std::any_of(finding.instances.begin(), finding.instances.end(), [&](const auto& objects) {
    return std::any_of(objects.begin(), objects.end(), [&](ObjectId object) { return heap.is_counted(object); });
  });
  for (const std::vector<ObjectId>& objects : finding.instances)
    for (ObjectId object : objects)
      if (heap.is_counted(object) || !any_counted)
        by_type.try_emplace(heap.type[index(object)], object, 0).first->second.second++;
  std::vector<ReportMember> members;
  for (const auto& [type, objects] : by_type) members.push_back({type_text(heap, objects.first), objects.second});
  std::sort(members.begin(), members.end(),
            [](const auto& a, const auto& b) { return std::tie(b.count, a.type) < std::tie(a.count, b.type); });
  return members;
}

const char* cause_text(UnexplainedCause cause) {
  static constexpr const char* kTexts[kUnexplainedCauses] = {
      "more holders than counts",
      "words in the heap that are strong or weak",
      "words on a stack or in a register that are strong or weak",
      "words in other memory that are strong or weak",
      "only plain addresses of it in the heap",
      "only plain addresses of it in root memory",
      "nothing points to it",
  };
  return kTexts[static_cast<size_t>(cause)];
}

std::vector<ReportUnexplained> unexplained_of(const Analysis& analysis) {
  std::vector<ReportUnexplained> rows;
  for (const Unexplained& row : analysis.unexplained)
    rows.push_back({type_text(analysis.heap, row.example), cause_text(row.cause),
                    fmt::format("{:#x}", analysis.heap.address[index(row.example)]), row.objects, row.units});
  return rows;
}

// "make A and B weak"; a variable of a function cannot be weak, nor can an exception be held so.
std::string action_of(const std::vector<std::string>& members, Mending mending) {
  constexpr size_t kNamed = 3;
  constexpr std::string_view kLocal = ", local ";
  const size_t local = members.front().find(kLocal);
  if (mending == Mending::kClear && local != std::string::npos) {
    const std::string function = members.front().substr(0, local);
    std::string names = members.front().substr(local + 2);
    for (size_t i = 1; i < members.size(); i++)
      if (members[i].starts_with(function + std::string(kLocal))) names += " and " + members[i].substr(local + 2);
    return fmt::format("clear {} in {}", names, function);
  }
  if (mending == Mending::kDropTraceback) return fmt::format("store in {} with_traceback(None)", members.front());
  std::string names = members.front();
  for (size_t i = 1; i < members.size() && i < kNamed; i++)
    names += (i + 1 == members.size() ? " and " : ", ") + members[i];
  if (members.size() > kNamed) names += fmt::format(" and {} more", members.size() - kNamed);
  if (mending == Mending::kPromiseValue)
    return fmt::format("set the promise to a weak_ptr, or let its futures go once the value is read ({})", names);
  if (mending == Mending::kVisit) return fmt::format("visit {} in tp_traverse and clear it in tp_clear", names);
  return fmt::format("make {} weak", names);
}

class ReportBuilder {
 public:
  ReportBuilder(const Analysis& analysis, const FramesOf& frames, std::vector<std::string> source_folders)
      : analysis_(analysis),
        heap_(analysis.heap),
        frames_(frames),
        referrers_(analysis.heap, all_drawn(analysis)),
        balances_(analysis.heap, EventAudit(analysis.heap), all_counted(analysis)),
        sources_(std::move(source_folders)) {}

  ReportFinding build(const Finding& finding) {
    ReportFinding result;
    result.rule = finding.rule;
    result.severity = severity_name(finding.severity);
    result.fingerprint = finding.fingerprint;
    result.twin_fingerprint = finding.twin_fingerprint;
    result.instances = finding.instances.size();
    result.objects = finding.objects;
    result.bytes = finding.bytes;
    result.retained_bytes = std::max(finding.retained_bytes, finding.bytes);
    result.held_objects = finding.held_objects;
    result.depth = finding.depth;
    result.members = members_of(heap_, finding);
    result.born = own_frames(report_frames(finding.born));
    result.suppressed_by = finding.suppressed_by;
    if (finding.subject) describe_subject(finding, *finding.subject, result);
    result.evidence = finding.evidence;
    if (const std::string& sum = finding.account.sentence; !sum.empty())
      result.evidence.insert(result.evidence.begin(), fmt::format("{}: {}", short_type(result.subject), sum));
    result.births = births_of(finding);
    for (const FindingAcquire& acquire : finding.acquires)
      result.acquires.push_back(
          {counting(acquire.stack), acquire.units, acquire.is_birth, acquire.is_release, acquire.is_certain});
    result.balance = balance_of(finding);
    if (finding.advice) result.advice = advice_of(*finding.advice);
    if (!finding.held_before.empty()) result.growth = growth_of(finding);
    const std::vector<ObjectId> objects = plan_drawing(analysis_, finding, referrers_, result);
    for (size_t i = 0; i < objects.size(); i++)
      if (objects[i] != kNoObject) describe_node(objects[i], result.nodes[i]);
    for (std::vector<ReportEdge>* edges : {&result.cycle, &result.path, &result.edges})
      for (ReportEdge& edge : *edges) edge.acquired = counting(StackId{edge.acquire_stack});
    result.summary = summarize(result);
    return result;
  }

 private:
  static std::vector<ObjectId> all_drawn(const Analysis& analysis) {
    std::vector<ObjectId> objects;
    for (const Finding& finding : analysis.findings)
      for (ObjectId object : drawn_objects(finding)) objects.push_back(object);
    for (const Finding& finding : analysis.suppressed)
      for (ObjectId object : drawn_objects(finding)) objects.push_back(object);
    return objects;
  }

  static std::vector<ObjectId> counted_of(const Heap& heap, const Finding& finding) {
    std::vector<ObjectId> objects;
    for (const std::vector<ObjectId>& instance : finding.instances)
      for (ObjectId object : instance)
        if (heap.is_counted(object)) objects.push_back(object);
    return objects;
  }

  static std::vector<ObjectId> all_counted(const Analysis& analysis) {
    std::vector<ObjectId> objects;
    if (!analysis.heap.has_events) return objects;
    for (const std::vector<Finding>* findings : {&analysis.findings, &analysis.suppressed})
      for (const Finding& finding : *findings)
        for (ObjectId object : counted_of(analysis.heap, finding)) objects.push_back(object);
    return objects;
  }

  // Of objects by hand-written counts nobody knows what they were born with, so where events do not add up no tree is
  // shown: it would blame who told for what others did.
  std::optional<ReportBalance> balance_of(const Finding& finding) const {
    if (!heap_.has_events || !frames_) return std::nullopt;
    std::optional<ReportBalance> balance = build_balance(
        heap_, balances_, counted_of(heap_, finding), [this](StackId stack) { return report_frames(frames_(stack)); });
    if (balance && balance->top.balance != balance->strong_counts) balance.reset();
    return balance;
  }

  void describe_subject(const Finding& finding, ObjectId subject, ReportFinding& result) {
    result.subject = type_text(heap_, subject);
    result.holders = referrers_.of(subject);
    if (result.born.empty()) result.born = born(subject);
    if (heap_.is_counted(subject))
      result.account = {finding.account.strong_count, finding.account.heap_references, finding.account.root_references,
                        finding.account.remainder, finding.account.sentence};
  }

  ReportAdvice advice_of(const Advice& advice) {
    const HeapLabel& label = heap_.labels[index(heap_.label[advice.weaken])];
    const std::string location(heap_.text(label.location)), path(heap_.text(label.path));
    const std::string member = path.substr(0, path.find_first_of(".[ "));
    std::vector<std::string> members = {member_name(heap_, advice.weaken)};
    for (uint64_t row : advice.also) members.push_back(member_name(heap_, row));
    return {members.front(),
            members,
            action_of(members, advice.mending),
            mending_verb(advice.mending),
            location,
            sources_.around(location, member),
            advice.breaks,
            advice.frees_bytes,
            advice.safe,
            advice.reason};
  }

  // "g_server.sessions_[] -> Session::buffer_"; of a long way the middle is left out.
  ReportGrowth growth_of(const Finding& finding) const {
    constexpr size_t kSteps = 4;
    std::vector<std::string> steps;
    if (finding.root) steps.emplace_back(heap_.text(heap_.roots[*finding.root].name));
    for (const PathStep& step : finding.path) {
      const bool is_last = &step == &finding.path.back();
      if (!is_last && is_namespace_of_module(heap_, step.reference))
        steps.clear();  // its variables bear its name
      else
        steps.push_back(member_name(heap_, step.reference));
    }
    if (finding.storage != LabelId{}) {
      const HeapLabel& label = heap_.labels[index(finding.storage)];
      if (heap_.text(label.owner).empty()) steps.clear();  // a variable: it is the root
      steps.push_back(member_text(heap_.text(label.owner), heap_.text(label.path), (label.flags & kLabelDotted) != 0));
    }
    ReportGrowth growth{"", finding.held_before, finding.storage != LabelId{}, finding.grown_bytes};
    for (size_t i = 0; i < steps.size(); i++) {
      const bool left_out = i > 0 && steps.size() > kSteps && i + kSteps <= steps.size();
      if (left_out && i > 1) continue;
      growth.place += (i == 0 ? "" : " -> ") + (left_out ? std::string("…") : cut(steps[i], 200));
    }
    return growth;
  }

  // Call stacks that made the subjects of all instances, or all their objects where there is no subject.
  std::vector<ReportBirth> births_of(const Finding& finding) {
    std::map<StackId, ReportBirth> by_stack;
    for (const std::vector<ObjectId>& instance : finding.instances)
      for (ObjectId object : instance) {
        const StackId stack = heap_.birth_stack[index(object)];
        if (stack == StackId{}) continue;
        by_stack[stack].count++;
        by_stack[stack].bytes += heap_.size[index(object)];
      }
    std::vector<std::pair<StackId, ReportBirth>> order(by_stack.begin(), by_stack.end());
    std::stable_sort(order.begin(), order.end(),
                     [](const auto& a, const auto& b) { return b.second.bytes < a.second.bytes; });
    if (order.size() > kMostBirths) order.resize(kMostBirths);
    std::vector<ReportBirth> births;
    for (auto& [stack, birth] : order) {
      birth.frames = born(stack);
      if (!birth.frames.empty()) births.push_back(std::move(birth));
    }
    return births;
  }

  void describe_node(ObjectId object, ReportNode& node) {
    node.holders = referrers_.of(object);
    node.born = born(object);
  }

  const std::vector<ReportFrame>& born(ObjectId object) { return born(heap_.birth_stack[index(object)]); }

  const std::vector<ReportFrame>& born(StackId stack) { return frames_of(stack, own_frames, born_); }
  const std::vector<ReportFrame>& counting(StackId stack) { return frames_of(stack, counting_frames, counting_); }

  using FramesByStack = std::map<StackId, std::vector<ReportFrame>>;
  const std::vector<ReportFrame>& frames_of(StackId stack, std::vector<ReportFrame> (*own)(std::vector<ReportFrame>),
                                            FramesByStack& known) {
    constexpr size_t kFrames = 24;
    auto [found, fresh] = known.try_emplace(stack);
    if (fresh && frames_ && stack != StackId{}) {
      found->second = own(report_frames(frames_(stack)));
      if (found->second.size() > kFrames) found->second.resize(kFrames);
    }
    return found->second;
  }

  const Analysis& analysis_;
  const Heap& heap_;
  const FramesOf& frames_;
  ReferrerTable referrers_;
  StackBalances balances_;
  SourceLines sources_;
  FramesByStack born_, counting_;
};

}  // namespace

Report build_report(const Analysis& analysis, const Image* image, const FramesOf& frames, bool with_overview,
                    std::span<const SnapshotState> history) {
  Report report;
  std::vector<std::string> source_folders;
  if (image != nullptr) {
    report.source = image->source;
    report.executable = image->process.executable;
    report.command_line = image->process.command_line;
    report.reason = reason_name(image->process.reason);
    report.pid = image->process.pid;
    const std::string& executable = image->process.executable;
    source_folders = {image->process.working_directory, executable.substr(0, executable.rfind('/'))};
  }
  report.flavours = flavours_of(analysis.heap);
  const AnalysisTotals& totals = analysis.totals;
  report.totals = {totals.blocks,
                   totals.bytes,
                   totals.objects,
                   totals.references,
                   totals.reachable_bytes,
                   totals.unreachable_bytes,
                   totals.unreachable_blocks,
                   totals.counted_objects,
                   totals.explained_objects,
                   totals.explained_by_structure,
                   totals.explained_with_words,
                   totals.audited_objects,
                   totals.agreeing_objects,
                   totals.has_collector,
                   totals.waiting_objects,
                   totals.waiting_bytes};
  report.unexplained = unexplained_of(analysis);
  ReportBuilder builder(analysis, frames, std::move(source_folders));
  for (const Finding& finding : analysis.findings) report.findings.push_back(builder.build(finding));
  for (const Finding& finding : analysis.suppressed) report.suppressed.push_back(builder.build(finding));
  if (image != nullptr) add_counts(*image, analysis, frames, report);
  report.warnings = analysis.warnings;
  if (with_overview) report.overview = build_overview(analysis, frames);
  if (history.size() > 1) report.history = build_history(history);
  if (!history.empty()) report.interpreter = history.back().interpreter;
  return report;
}

}  // namespace reftally
