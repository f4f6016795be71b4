// What changed between snapshots: findings by fingerprint, objects by type, and, over three or more, places that grow.
#include <fmt/format.h>

#include <algorithm>

#include "analyzer/base/error.h"
#include "analyzer/cli/analysis_options.h"
#include "analyzer/cli/command.h"
#include "analyzer/findings/baseline.h"
#include "analyzer/findings/growth.h"
#include "reports/escape.h"
#include "reports/names.h"
#include "reports/reference_text.h"

namespace reftally {
namespace {

struct DiffOptions {
  std::vector<std::string> dumps;
  size_t top = 15;
  AnalysisCommandOptions analysis;
};

std::vector<BaselineEntry> entries_of(const Report& report) {
  std::vector<BaselineEntry> entries;
  for (const ReportFinding& finding : report.findings)
    entries.push_back({finding.fingerprint, finding.rule, finding.summary, finding.instances});
  return entries;
}

// "g_server.sessions_[] -> Session -> its buffer_"
std::string path_of(const Heap& heap, RetainingPaths& paths, ObjectId object) {
  const RetainingPath path = paths.path_to(object, Follow::kOwners);
  if (!path.root) return std::string(heap.type_name(object));
  std::string text = printable(heap.text(heap.roots[*path.root].name));
  for (uint64_t row : path.references) text += " -> " + printable(cut(member_name(heap, row), 200));
  return text;
}

void print_findings(const char* verdict, const std::vector<BaselineEntry>& entries) {
  for (const BaselineEntry& entry : entries)
    fmt::print("  {:<8} {} [{}]\n           {}\n", verdict, entry.rule, entry.fingerprint, entry.summary);
}

std::string counts_text(const std::vector<uint64_t>& counts) {
  std::string text;
  for (uint64_t count : counts) text += (text.empty() ? "" : " -> ") + count_text(count);
  return text;
}

void print_growing_paths(const std::vector<GrowingPath>& growing, const Heap& heap, RetainingPaths& paths) {
  for (size_t i = 0; i < growing.size(); i++) {
    const GrowingPath& path = growing[i];
    fmt::print("{}. warning: growing-path  [{:016x}]\n", i + 1, path.signature);
    fmt::print("   {} holds more {} with every snapshot: {} objects; with what they hold, {} more than at first\n",
               path_of(heap, paths, path.example), short_type(heap.type_name(path.example)), counts_text(path.counts),
               bytes_text(path.bytes));
  }
}

struct TypeGrowth {
  std::string name;
  int64_t objects, bytes;
};

std::vector<TypeGrowth> growth_by_type(const HeapCensus& before, const HeapCensus& after) {
  std::map<std::string, TypeGrowth> types;
  auto add = [&](const HeapCensus& census, int64_t sign) {
    for (const auto& [name, tally] : census.types) {
      TypeGrowth& growth = types.try_emplace(name, TypeGrowth{name, 0, 0}).first->second;
      growth.objects += sign * static_cast<int64_t>(tally.objects);
      growth.bytes += sign * static_cast<int64_t>(tally.bytes);
    }
  };
  add(before, -1);
  add(after, 1);
  std::vector<TypeGrowth> result;
  for (const auto& [name, growth] : types)
    if (growth.objects != 0 || growth.bytes != 0) result.push_back(growth);
  std::sort(result.begin(), result.end(), [](const TypeGrowth& a, const TypeGrowth& b) {
    return std::tuple(-std::abs(a.bytes), a.name) < std::tuple(-std::abs(b.bytes), b.name);
  });
  return result;
}

void print_types(const std::vector<TypeGrowth>& types, size_t most) {
  if (types.empty()) {
    fmt::print("no type has more or fewer objects alive\n");
    return;
  }
  fmt::print("{:>12} {:>14}  type\n", "objects", "bytes");
  for (size_t i = 0; i < std::min(most, types.size()); i++)
    fmt::print("{:>+12} {:>+14}  {}\n", types[i].objects, types[i].bytes, printable(short_type(types[i].name)));
  if (types.size() > most) fmt::print("{} more; see them with --top\n", plural(types.size() - most, "type"));
}

// Snapshots are analyzed one after the other: of all but the last only what is compared is kept.
int diff(const DiffOptions& options) {
  if (options.dumps.size() < 2) throw Error("diff needs two dumps or more, oldest first");
  std::vector<HeapCensus> censuses;
  std::vector<BaselineEntry> before, after;
  AnalyzedDump last;
  std::unique_ptr<RetainingPaths> paths;
  for (size_t i = 0; i < options.dumps.size(); i++) {
    paths.reset();
    last = {};
    last = analyze_dump(options.dumps[i], options.analysis);
    paths = std::make_unique<RetainingPaths>(last.analysis.heap);
    censuses.push_back(take_census(last.analysis.heap, *paths));
    (i == 0 ? before : after) = entries_of(report_of(last, OutputOptions{}));
  }
  const std::vector<GrowingPath> growing = find_growing_paths(censuses);
  const BaselineComparison findings = compare_with_baseline(after, before);
  print_growing_paths(growing, last.analysis.heap, *paths);
  fmt::print("{}findings: {} new, {} grown, {} unchanged, {} gone\n", growing.empty() ? "" : "\n",
             findings.fresh.size(), findings.grown.size(), findings.known.size(), findings.gone.size());
  print_findings("new", findings.fresh);
  print_findings("grown", findings.grown);
  print_findings("gone", findings.gone);
  fmt::print("\n");
  print_types(growth_by_type(censuses.front(), censuses.back()), options.top);
  if (options.dumps.size() == 2) fmt::print("\nwith a third dump, places that grow with every round are told too\n");
  return growing.empty() && findings.fresh.empty() && findings.grown.empty() ? kExitClean : kExitFindings;
}

}  // namespace

RunCommand prepare_diff(CLI::App& parser) {
  auto options = std::make_shared<DiffOptions>();
  parser.add_option("DUMP", options->dumps, "dumps of one program, oldest first")->required();
  parser.add_option("--top", options->top, "types to tell of")->capture_default_str();
  add_analysis_options(parser, options->analysis);
  return [options] { return diff(*options); };
}

}  // namespace reftally
