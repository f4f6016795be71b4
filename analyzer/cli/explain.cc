// The account of an object as a table a person can add up.
#include <fmt/format.h>

#include <map>

#include "analyzer/base/error.h"
#include "analyzer/cli/analysis_options.h"
#include "analyzer/cli/command.h"
#include "reports/drawing_plan.h"
#include "reports/names.h"

namespace reftally {
namespace {

constexpr size_t kExamples = 3;  // objects of a type that are told of when no address is given

uint64_t parse_address(const std::string& text) {
  size_t used = 0;
  uint64_t address = 0;
  try {
    address = std::stoull(text, &used, 16);
  } catch (const std::exception&) {
    used = 0;
  }
  if (used != text.size()) throw Error(fmt::format("{}: expected an address such as 0x55d0c2a1eeb0", text));
  return address;
}

std::vector<ObjectId> objects_named(const Heap& heap, const std::string& what) {
  std::vector<ObjectId> objects;
  const bool is_address = what.starts_with("0x");
  const uint64_t address = is_address ? parse_address(what) : 0;
  for (uint32_t i = 0; i < heap.object_count(); i++) {
    const bool at = is_address && address - heap.address[i] < std::max<uint64_t>(1, heap.size[i]);
    const std::string_view type = heap.type_name(ObjectId{i});
    if (at || (!is_address && (type == what || type.ends_with("::" + what)))) objects.push_back(ObjectId{i});
  }
  return objects;
}

bool pays(ReferenceKind kind, Certainty certainty) {
  return kind == ReferenceKind::kStrong && certainty != Certainty::kConservative;
}

// Holders that read alike are one row.
class Holders {
 public:
  std::map<std::string, int64_t> paying, others;

  Holders(const Heap& heap, ObjectId object) {
    for (uint32_t from = 0; from < heap.object_count(); from++)
      for (uint64_t row = heap.references.begin(from); row < heap.references.end(from); row++)
        if (heap.referent[row] == object) add(holder_name(heap, from, row), heap.kind[row], heap.certainty[row]);
    for (const HeapRoot& root : heap.roots)
      if (root.to == object) add(fmt::format("root {}", heap.text(root.name)), root.reference, root.certainty);
  }

 private:
  static std::string holder_name(const Heap& heap, uint32_t from, uint64_t row) {
    std::string member = member_name(heap, row);
    if (member.empty() || member.starts_with('+'))
      member = fmt::format("{} {}", heap.type_name(ObjectId{from}), member);
    return fmt::format("{} of {:#x}", short_type(member), heap.address[from]);
  }

  void add(const std::string& name, ReferenceKind kind, Certainty certainty) {
    static constexpr const char* kKinds[] = {"strong", "weak", "raw", "strong or weak"};
    static constexpr const char* kCertainties[] = {"", ", told by counts", ", a word that looks like it"};
    const std::string text = fmt::format("{}  ({}{})", name, kKinds[static_cast<size_t>(kind)],
                                         kCertainties[static_cast<size_t>(certainty)]);
    (pays(kind, certainty) ? paying : others)[text]++;
  }
};

void print_path(const Heap& heap, ObjectId object) {
  const RetainingPath path = find_retaining_path(heap, object);
  if (!path.root) {
    fmt::print("  no root owns it\n");
    return;
  }
  fmt::print("  alive through  root {}\n", printable(heap.text(heap.roots[*path.root].name)));
  ObjectId from = heap.roots[*path.root].to;
  for (uint64_t row : path.references) {
    fmt::print("                 -> {} {:#x}, its {}\n", printable(short_type(heap.type_name(from))),
               heap.address[index(from)], printable(member_name(heap, row)));
    from = heap.referent[row];
  }
}

void explain(const Analysis& analysis, ObjectId object) {
  const Heap& heap = analysis.heap;
  const uint32_t i = index(object);
  fmt::print("{} at {:#x}, {}\n", printable(heap.type_name(object)), heap.address[i], bytes_text(heap.size[i]));
  const Holders holders(heap, object);
  if (heap.is_counted(object)) {
    for (const auto& [name, count] : holders.paying) fmt::print("  {:>8}  {}\n", count, printable(name));
    fmt::print("  {:>8}  unexplained\n", analysis.accounts.remainder[i]);
    fmt::print("  --------\n  {:>8}  strong count\n", heap.strong_count[i]);
    fmt::print("  {:>8}  weak count\n", heap.weak_count[i]);
  }
  if (!holders.others.empty()) fmt::print("  pay for nothing:\n");
  for (const auto& [name, count] : holders.others) fmt::print("  {:>8}  {}\n", count, printable(name));
  print_path(heap, object);
  fmt::print("\n");
}

}  // namespace

RunCommand prepare_explain(CLI::App& parser) {
  struct Options {
    std::string dump, what;
    AnalysisCommandOptions analysis;
  };
  auto options = std::make_shared<Options>();
  parser.add_option("DUMP", options->dump, "dump written by `reftally run`")->required();
  parser.add_option("OBJECT", options->what, "address (0x…) or type")->required();
  add_analysis_options(parser, options->analysis);
  return [options] {
    const AnalyzedDump dump = analyze_dump(options->dump, options->analysis);
    const std::vector<ObjectId> objects = objects_named(dump.analysis.heap, options->what);
    if (objects.empty()) throw Error(fmt::format("{}: no object is or lies at {}", options->dump, options->what));
    for (size_t i = 0; i < objects.size() && i < kExamples; i++) explain(dump.analysis, objects[i]);
    if (objects.size() > kExamples)
      fmt::print("{} more; name one by its address\n", plural(objects.size() - kExamples, "object"));
    return kExitClean;
  };
}

}  // namespace reftally
