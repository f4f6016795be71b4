// What changed between snapshots: findings by fingerprint, objects by type, and, over three or more, places that grow.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "analyzer/base/error.h"
#include "analyzer/cli/analysis_options.h"
#include "analyzer/cli/command.h"
#include "analyzer/findings/baseline.h"
#include "analyzer/findings/growth.h"
#include "reports/escape.h"
#include "reports/names.h"

namespace reftally {
namespace {

struct DiffOptions {
  std::vector<std::string> dumps;
  size_t top = 15;
  AnalysisCommandOptions analysis;
  OutputOptions output;
};

// What grows is told apart.
std::vector<BaselineEntry> entries_of_findings(const Report& report) {
  std::vector<BaselineEntry> entries;
  for (const ReportFinding& finding : report.findings)
    if (!finding.growth) entries.push_back({finding.fingerprint, finding.rule, finding.summary, finding.instances});
  return entries;
}

void print_findings(const char* verdict, const std::vector<BaselineEntry>& entries) {
  for (const BaselineEntry& entry : entries)
    fmt::print("  {:<8} {} [{}]\n           {}\n", verdict, entry.rule, entry.fingerprint, entry.summary);
}

// What grows comes first: it is why one takes several snapshots.
void print_growing_paths(const Report& report) {
  size_t number = 0;
  for (const ReportFinding& finding : report.findings)
    if (finding.growth)
      fmt::print("{}. warning: growing-path  [{}]\n   {}\n", ++number, finding.fingerprint, finding.summary);
  if (number != 0) fmt::print("\n");
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

void print_text(const BaselineComparison& findings, const Report& report, const std::vector<TypeGrowth>& types,
                const DiffOptions& options) {
  print_growing_paths(report);
  fmt::print("findings: {} new, {} grown, {} unchanged, {} gone\n", findings.fresh.size(), findings.grown.size(),
             findings.known.size(), findings.gone.size());
  print_findings("new", findings.fresh);
  print_findings("grown", findings.grown);
  print_findings("gone", findings.gone);
  fmt::print("\n");
  print_types(types, options.top);
  if (options.dumps.size() == 2) fmt::print("\nwith a third dump, places that grow with every round are told too\n");
}

// What other formats show: what grew, and the findings that are new or have more instances.
void keep_changes(const BaselineComparison& findings, Report& report) {
  std::set<std::string> changed;
  for (const auto* list : {&findings.fresh, &findings.grown})
    for (const BaselineEntry& entry : *list) changed.insert(entry.fingerprint);
  std::erase_if(report.findings, [&](const ReportFinding& finding) {
    return !finding.growth && !changed.contains(finding.fingerprint);
  });
}

bool has_growth(const Report& report) {
  return std::any_of(report.findings.begin(), report.findings.end(),
                     [](const ReportFinding& finding) { return finding.growth.has_value(); });
}

// Snapshots are analyzed one after the other: of all but the last only what is compared is kept.
int diff(const DiffOptions& options) {
  if (options.dumps.size() < 2) throw Error("diff needs two dumps or more, oldest first");
  EarlierStates states;
  std::vector<BaselineEntry> before;
  for (size_t i = 0; i + 1 < options.dumps.size(); i++) {
    const AnalyzedDump dump = analyze_dump(options.dumps[i], options.analysis);
    RetainingPaths paths(dump.analysis.heap);
    states.censuses.push_back(take_census(dump.analysis.heap, paths));
    states.history.push_back(dump.history.back());
    if (i == 0) before = entries_of_findings(report_of(dump, OutputOptions{}));
  }
  const AnalyzedDump last = analyze_dump(options.dumps.back(), options.analysis, states);
  Report report = report_of(last, options.output);
  const BaselineComparison findings = compare_with_baseline(entries_of_findings(report), before);
  if (renderer_for(options.output).render == render_text) {
    RetainingPaths paths(last.analysis.heap);
    const HeapCensus after = take_census(last.analysis.heap, paths);
    print_text(findings, report, growth_by_type(states.censuses.front(), after), options);
  } else {
    keep_changes(findings, report);
    write_report(report, last, options.output, stdout);
  }
  return has_growth(report) || !findings.fresh.empty() || !findings.grown.empty() ? kExitFindings : kExitClean;
}

}  // namespace

RunCommand prepare_diff(CLI::App& parser) {
  auto options = std::make_shared<DiffOptions>();
  parser.add_option("DUMP", options->dumps, "dumps of one program, oldest first")->required();
  parser.add_option("--top", options->top, "types to tell of")->capture_default_str();
  add_analysis_options(parser, options->analysis);
  add_output_options(parser, options->output, "-o,--output");
  return [options] { return diff(*options); };
}

}  // namespace reftally
