// Why objects are alive, all of them at once: their paths from the roots, merged, and what to clear to free them.
// Without an object: what holds most of the heap.
#include <fmt/format.h>

#include <algorithm>

#include "analyzer/cli/analysis_options.h"
#include "analyzer/cli/command.h"
#include "analyzer/cli/objects_named.h"
#include "analyzer/graph/least_cut.h"
#include "reports/accumulation.h"
#include "reports/escape.h"
#include "reports/merged_paths.h"
#include "reports/names.h"
#include "reports/reference_text.h"

namespace reftally {
namespace {

constexpr size_t kMostBranches = 8, kDeepest = 24, kMostPlaces = 16;

void print_row(const MergedPaths& row, size_t level) {
  const std::string indent(2 * std::min(level, kDeepest), ' ');
  if (!row.steps.empty()) fmt::print("  {:>9}  {}{}\n", count_text(row.objects), indent, printable(row.steps));
  const size_t below = row.steps.empty() ? level : level + 1;
  const size_t shown = std::min(row.below.size(), kMostBranches);
  uint64_t rest = 0;
  for (size_t i = 0; i < shown; i++) print_row(row.below[i], below);
  for (size_t i = shown; i < row.below.size(); i++) rest += row.below[i].objects;
  if (rest != 0)
    fmt::print("  {:>9}  {}in {} more\n", count_text(rest), indent, plural(row.below.size() - shown, "way"));
}

void print_merged(const MergedPaths& paths, uint64_t asked) {
  if (paths.objects != 0) fmt::print("held through\n");
  print_row(paths, 0);
  if (paths.left_out != 0) fmt::print("             and in {} more\n", plural(paths.left_out, "way"));
  if (paths.objects < asked)
    fmt::print("  {:>9}  {}\n", count_text(asked - paths.objects),
               "no root owns: dead, or held by what is not known (see `analyze`, `explain`)");
}

std::string place_text(const Heap& heap, RetainingPaths& paths, const CutPlace& place) {
  if (place.root) return "root " + std::string(heap.text(heap.roots[*place.root].name));
  const ObjectId holder = referrer_of(heap, *place.reference);
  const std::string type = short_type(type_text(heap, holder));
  const std::string whose = place.holders == 1 ? fmt::format("{} {:#x}", type, heap.address[index(holder)])
                                               : plural(place.holders, type + " object");
  return fmt::format("{}  of {}, held through {}", member_name(heap, *place.reference), whose,
                     route_text(heap, paths.path_to(holder, Follow::kOwners)));
}

void print_cut(const Heap& heap, RetainingPaths& paths, const LeastCut& cut, bool one_object) {
  const char* them = one_object ? "it" : "them all";
  if (!cut.is_complete) {
    fmt::print("\nmore than {} places would have to be cleared to free {}\n", LeastCut::kMostPlaces, them);
    return;
  }
  if (cut.places.empty()) return;
  fmt::print("\nto free {}, clear {}; that frees {}, {}\n", them,
             cut.places.size() == 1 ? "this place" : fmt::format("these {} places", cut.places.size()),
             plural(cut.freed_objects, "object"), bytes_text(cut.freed_bytes));
  const size_t shown = std::min(cut.places.size(), kMostPlaces);
  for (size_t i = 0; i < shown; i++)
    fmt::print("  {:>9}  {}\n", count_text(cut.places[i].count), printable(place_text(heap, paths, cut.places[i])));
  if (shown < cut.places.size()) fmt::print("             and {} more\n", cut.places.size() - shown);
  if (cut.stay != 0)
    fmt::print("  {:>9}  of them would stay: what holds them, or what owns them, is not all known\n",
               count_text(cut.stay));
}

void print_objects(const AnalyzedDump& dump, const std::vector<ObjectId>& objects) {
  const Heap& heap = dump.analysis.heap;
  RetainingPaths paths(heap);
  uint64_t bytes = 0;
  for (ObjectId object : objects) bytes += heap.size[index(object)];
  const std::string_view type = heap.type_name(objects.front());
  const bool of_one_type =
      std::all_of(objects.begin(), objects.end(), [&](ObjectId object) { return heap.type_name(object) == type; });
  fmt::print("{}, {}\n",
             plural(objects.size(),
                    of_one_type ? printable(type_text(heap, objects.front())) + " object" : std::string("object")),
             bytes_text(bytes));
  print_merged(merge_paths(heap, paths, objects), objects.size());
  print_cut(heap, paths, find_least_cut(heap, dump.analysis.accounts, dump.analysis.reachable, paths, objects),
            objects.size() == 1);
}

void print_accumulation(const AnalyzedDump& dump) {
  const Heap& heap = dump.analysis.heap;
  const Retention retention = find_retention(dump.analysis);
  RetainingPaths paths(heap);
  const std::vector<AccumulationPoint> points = find_accumulation_points(heap, retention, paths);
  if (points.empty()) fmt::print("nothing holds a hundredth of the heap ({})\n", bytes_text(retention.total));
  for (const AccumulationPoint& point : points) {
    fmt::print("{:>9}  {:>8}  ", bytes_text(point.retained), percent_text(point.retained, retention.total));
    if (point.object)
      fmt::print("{} {:#x}\n                     held through ", printable(short_type(type_text(heap, *point.object))),
                 heap.address[index(*point.object)]);
    fmt::print("{}\n", printable(route_text(heap, point.path)));
    for (const Accumulated& row : point.most)
      fmt::print("{:>30}  {}\n", bytes_text(row.retained),
                 plural(row.objects, printable(short_type(heap.text(heap.types[index(row.type)].name))) + " object"));
  }
}

}  // namespace

RunCommand prepare_paths(CLI::App& parser) {
  struct Options {
    std::string dump, what;
    AnalysisCommandOptions analysis;
  };
  auto options = std::make_shared<Options>();
  parser.add_option("DUMP", options->dump, kDumpHelp)->required();
  parser.add_option("OBJECT", options->what,
                    "address (0x…), type, or fingerprint of a finding; without it, what holds most of the heap");
  add_analysis_options(parser, options->analysis);
  return [options] {
    const AnalyzedDump dump = analyze_dump(options->dump, options->analysis);
    if (options->what.empty())
      print_accumulation(dump);
    else
      print_objects(dump, objects_named(dump, options->dump, options->what));
    return kExitClean;
  };
}

}  // namespace reftally
