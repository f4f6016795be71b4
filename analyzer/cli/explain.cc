// The account of an object as a table a person can add up.
#include <fmt/format.h>

#include <algorithm>

#include "analyzer/cli/analysis_options.h"
#include "analyzer/cli/balance_table.h"
#include "analyzer/cli/command.h"
#include "analyzer/cli/history_table.h"
#include "analyzer/cli/objects_named.h"
#include "analyzer/findings/acquires.h"
#include "analyzer/graph/retaining_path.h"
#include "reports/balance.h"
#include "reports/escape.h"
#include "reports/names.h"
#include "reports/own_frames.h"
#include "reports/reference_text.h"
#include "reports/referrers.h"

namespace reftally {
namespace {

constexpr size_t kExamples = 3;  // objects of a type that are told of when no address is given

void print_path(const Heap& heap, ObjectId object) {
  const RetainingPath path = RetainingPaths(heap).path_to(object, Follow::kOwners);
  if (!path.root) {
    fmt::print("  no root owns it\n");
    return;
  }
  fmt::print("  alive through  root {}\n", printable(heap.text(heap.roots[*path.root].name)));
  ObjectId from = heap.roots[*path.root].to;
  for (uint64_t row : path.references) {
    fmt::print("                 -> {} {:#x}, its {}\n", short_type(heap.type_name(from)), heap.address[index(from)],
               printable(path_text(heap, row, true)));
    from = heap.referent[row];
  }
}

std::string holder_line(const ReportHolder& holder) {
  std::string notes = holder.kind;
  if (holder.certainty == "counted") notes += ", told by counts";
  if (holder.certainty == "conservative") notes += ", a word that looks like it";
  if (!holder.location.empty()) notes += ", " + base_name(holder.location);
  std::string text = fmt::format("{}  ({})", printable(cut(holder.member, 300)), printable(notes));
  if (holder.addresses.empty()) return text;
  text += "  of " + holder.addresses.front();
  for (size_t i = 1; i < holder.addresses.size(); i++) text += ", " + holder.addresses[i];
  return text + (holder.count > holder.addresses.size() ? ", …" : "");
}

// What pays, down to the sum; then what points there and pays for nothing.
void print_account(const Analysis& analysis, const std::vector<ReportHolder>& holders, ObjectId object) {
  const Heap& heap = analysis.heap;
  const bool counted = heap.is_counted(object);
  for (const ReportHolder& holder : holders)
    if (counted && holder.pays) fmt::print("  {:>8}  {}\n", holder.count, holder_line(holder));
  if (counted) {
    fmt::print("  {:>8}  unexplained\n  --------\n", analysis.accounts.remainder[index(object)]);
    fmt::print("  {:>8}  strong count\n", heap.strong_count[index(object)]);
  }
  bool first = true;
  for (const ReportHolder& holder : holders) {
    if (counted && holder.pays) continue;
    if (first) fmt::print("  {}:\n", counted ? "and what pays for none" : "held by");
    first = false;
    fmt::print("  {:>8}  {}\n", holder.count, holder_line(holder));
  }
  if (counted && heap.weak_count[index(object)] != 0) fmt::print("  weak count {}\n", heap.weak_count[index(object)]);
}

struct TakenRow {
  std::string call, what;
  int64_t count = 0;
};

void add_taken(std::vector<TakenRow>& rows, const std::string& call, const std::string& what, int64_t count) {
  const auto same =
      std::find_if(rows.begin(), rows.end(), [&](const TakenRow& row) { return row.call == call && row.what == what; });
  if (same == rows.end())
    rows.push_back({call, what, count});
  else
    same->count += count;
}

std::string call_text(const FramesOf& frames, StackId stack) {
  const std::vector<ReportFrame> own = counting_frames(report_frames(frames(stack)));
  return own.empty() ? std::string("an unknown call") : printable(frame_text(own.front()));
}

// By reference count events: the call that took each reference, those first that nobody has any more.
void print_taken(const Analysis& analysis, const ReferrerTable& referrers, const FramesOf& frames, ObjectId object) {
  const Heap& heap = analysis.heap;
  if (!heap.has_events || !heap.is_counted(object)) return;
  auto call_of = [&](StackId stack) { return call_text(frames, stack); };
  std::vector<TakenRow> lost, held;
  const LooseEvents loose = loose_events(heap, object);
  for (const HeapTally& row : loose.acquires)
    add_taken(lost, call_of(row.stack), "its holder has it no more", row.balance);
  const EventAudit audit(heap);
  const char* const given = loose.undecided                       ? "given back: which of them is not told"
                            : loose.given <= audit.births(object) ? "gave back the one it was born with"
                                                                  : "given back, not taken";
  for (const HeapTally& row : loose.releases) add_taken(lost, call_of(row.stack), given, row.balance);
  for (uint64_t row : referrers.references_to(object))
    if (heap.acquired[row] != StackId{})
      add_taken(held, call_of(heap.acquired[row]), "held by " + printable(member_name(heap, row)), 1);
  for (uint32_t row : referrers.roots_to(object))
    if (heap.roots[row].acquired != StackId{})
      add_taken(held, call_of(heap.roots[row].acquired),
                fmt::format("held by root {}", printable(heap.text(heap.roots[row].name))), 1);
  if (lost.empty() && held.empty()) return;
  std::stable_sort(held.begin(), held.end(), [](const TakenRow& a, const TakenRow& b) { return b.count < a.count; });
  fmt::print("  taken by\n");
  for (const std::vector<TakenRow>* rows : {&lost, &held})
    for (const TakenRow& row : *rows) fmt::print("  {:>8}  {}  ({})\n", row.count, row.call, row.what);
  const bool is_gobject = heap.flavour[index(object)] == FlavourId::kGObject;
  if (is_gobject ? heap.strong_count[index(object)] - heap.event_balance[index(object)] != 1 : !audit.agrees(object))
    fmt::print("  events do not add up to the strong count: some code counts without telling\n");
}

void explain(const AnalyzedDump& dump, const ReferrerTable& referrers, ObjectId object, bool with_pairs) {
  const Analysis& analysis = dump.analysis;
  const Heap& heap = analysis.heap;
  const FramesOf frames = frames_of(dump);
  fmt::print("{} at {:#x}, {}\n", printable(heap.type_name(object)), heap.address[index(object)],
             bytes_text(heap.size[index(object)]));
  print_account(analysis, referrers.of(object), object);
  print_taken(analysis, referrers, frames, object);
  print_history(*dump.image, heap, object, with_pairs, [&](StackId stack) { return call_text(frames, stack); });
  print_path(heap, object);
  fmt::print("\n");
}

}  // namespace

RunCommand prepare_explain(CLI::App& parser) {
  struct Options {
    std::string dump, what;
    AnalysisCommandOptions analysis;
    bool with_pairs = false;
  };
  auto options = std::make_shared<Options>();
  parser.add_option("DUMP", options->dump, kDumpHelp)->required();
  parser.add_option("OBJECT", options->what, "address (0x…), type, or fingerprint of a finding")->required();
  parser.add_flag("--pairs", options->with_pairs, "in a history, tell references that were given back, and moves");
  add_analysis_options(parser, options->analysis);
  return [options] {
    const AnalyzedDump dump = analyze_dump(options->dump, options->analysis);
    const std::vector<ObjectId> objects = objects_named(dump, options->dump, options->what);
    const std::vector<ObjectId> shown(objects.begin(),
                                      objects.begin() + static_cast<ptrdiff_t>(std::min(objects.size(), kExamples)));
    const ReferrerTable referrers(dump.analysis.heap, shown);
    for (ObjectId object : shown) explain(dump, referrers, object, options->with_pairs);
    if (objects.size() > kExamples)
      fmt::print("{} more; name one by its address\n", plural(objects.size() - kExamples, "object"));
    const FramesOf frames = frames_of(dump);
    const Heap& heap = dump.analysis.heap;
    print_history_summary(*dump.image, heap, objects, [&](StackId stack) { return call_text(frames, stack); });
    const auto balance = build_balance(heap, StackBalances(heap, EventAudit(heap), objects), objects,
                                       [&](StackId stack) { return report_frames(frames(stack)); });
    if (balance) print_balance(*balance);
    return kExitClean;
  };
}

}  // namespace reftally
