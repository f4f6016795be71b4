#include "analyzer/cli/query_tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "analyzer/graph/reference_graph.h"
#include "analyzer/heap/drawing_words.h"
#include "analyzer/image/call_frames.h"
#include "reports/reference_text.h"

namespace reftally {
namespace {

int64_t number(uint64_t value) { return static_cast<int64_t>(value); }
SqlValue address_text(uint64_t address) { return fmt::format("{:#x}", address); }

std::pair<uint64_t, uint64_t> one_row(int64_t key, uint64_t rows) {
  if (key < 0 || static_cast<uint64_t>(key) >= rows) return {0, 0};
  return {static_cast<uint64_t>(key), static_cast<uint64_t>(key) + 1};
}

SqlTable objects_table(const Analysis& analysis) {
  const Heap& heap = analysis.heap;
  const uint64_t rows = heap.object_count();
  auto counted = [&heap](uint64_t row, int64_t value) {
    return heap.is_counted(ObjectId{static_cast<uint32_t>(row)}) ? SqlValue(value) : SqlValue();
  };
  return {"objects",
          "counted objects and blocks",
          rows,
          {
              {"id", "row of this table", [](uint64_t row) { return number(row); }},
              {"address", "as text, 0x…", [&heap](uint64_t row) { return address_text(heap.address[row]); }},
              {"type", "", [&heap](uint64_t row) { return heap.type_name(ObjectId{static_cast<uint32_t>(row)}); }},
              {"size", "bytes of its own", [&heap](uint64_t row) { return number(heap.size[row]); }},
              {"flavour", "block, shared_ptr, python …",
               [&heap](uint64_t row) { return word_of(heap.flavour[row], kFlavourWords); }},
              {"strong_count", "null for a block",
               [&heap, counted](uint64_t row) { return counted(row, heap.strong_count[row]); }},
              {"weak_count", "null for a block",
               [&heap, counted](uint64_t row) { return counted(row, heap.weak_count[row]); }},
              {"remainder", "of the strong count, what nothing explains",
               [&analysis, counted](uint64_t row) { return counted(row, analysis.accounts.remainder[row]); }},
              {"reachable", "1: some word of some root leads to it",
               [&analysis](uint64_t row) { return int64_t{analysis.reachable.conservative[row]}; }},
              {"owned", "1: owners lead to it",
               [&analysis](uint64_t row) { return int64_t{analysis.reachable.ownership[row]}; }},
              {"stack", "where it was made: stacks.id",
               [&heap](uint64_t row) { return number(index(heap.birth_stack[row])); }},
              {"birth", "order of birth", [&heap](uint64_t row) { return number(heap.birth_order[row]); }},
          },
          [rows](int64_t key) { return one_row(key, rows); }};
}

SqlTable references_table(const Heap& heap) {
  auto referrer = [&heap](uint64_t row) { return number(index(referrer_of(heap, row))); };
  auto text = [&heap](uint64_t row, StringId HeapLabel::* part) {
    return heap.text(heap.labels[index(heap.label[row])].*part);
  };
  return {
      "refs",
      "references between objects",
      heap.referent.size(),
      {
          {"from_id", "objects.id", referrer},
          {"to_id", "objects.id", [&heap](uint64_t row) { return number(index(heap.referent[row])); }},
          {"owner", "class that declares the member", [text](uint64_t row) { return text(row, &HeapLabel::owner); }},
          {"path", "member, indexes left out", [text](uint64_t row) { return text(row, &HeapLabel::path); }},
          {"element", "index or key in a container, or null",
           [&heap](uint64_t row) {
             const uint32_t at = heap.element[row];
             if (at == kNoElement) return SqlValue();
             return (at & kElementText) == 0 ? SqlValue(number(at)) : SqlValue(heap.text(StringId{at & ~kElementText}));
           }},
          {"kind", "strong, weak, raw, strong or weak",
           [&heap](uint64_t row) { return std::string_view(kind_name(heap.kind[row])); }},
          {"certainty", "exact, counted, conservative",
           [&heap](uint64_t row) { return std::string_view(certainty_name(heap.certainty[row])); }},
      },
      [&heap](int64_t key) -> std::pair<uint64_t, uint64_t> {
        if (key < 0 || key >= heap.object_count()) return {0, 0};
        return {heap.references.begin(static_cast<uint32_t>(key)), heap.references.end(static_cast<uint32_t>(key))};
      }};
}

SqlTable roots_table(const Heap& heap) {
  return {"roots",
          "what is alive by itself, and refers to objects",
          heap.roots.size(),
          {
              {"to_id", "objects.id", [&heap](uint64_t row) { return number(index(heap.roots[row].to)); }},
              {"kind", "static, thread_local, stack …",
               [&heap](uint64_t row) { return word_of(heap.roots[row].kind, kRootWords); }},
              {"name", "", [&heap](uint64_t row) { return heap.text(heap.roots[row].name); }},
              {"reference", "strong, weak, raw …",
               [&heap](uint64_t row) { return std::string_view(kind_name(heap.roots[row].reference)); }},
          },
          {}};
}

// Counted when first asked for.
struct TypeTotals {
  std::vector<uint64_t> objects, bytes;
};

SqlTable types_table(const Heap& heap) {
  auto totals = std::make_shared<std::optional<TypeTotals>>();
  auto total = [&heap, totals](uint64_t row, std::vector<uint64_t> TypeTotals::* column) {
    if (!*totals) {
      *totals = TypeTotals{std::vector<uint64_t>(heap.types.size()), std::vector<uint64_t>(heap.types.size())};
      for (uint32_t i = 0; i < heap.object_count(); i++) {
        (*totals)->objects[index(heap.type[i])]++;
        (*totals)->bytes[index(heap.type[i])] += heap.size[i];
      }
    }
    return number(((**totals).*column)[row]);
  };
  return {
      "types",
      "types of objects",
      heap.types.size(),
      {
          {"id", "row of this table", [](uint64_t row) { return number(row); }},
          {"name", "objects.type", [&heap](uint64_t row) { return heap.text(heap.types[row].name); }},
          {"location", "where it is declared", [&heap](uint64_t row) { return heap.text(heap.types[row].location); }},
          {"objects", "how many", [total](uint64_t row) { return total(row, &TypeTotals::objects); }},
          {"bytes", "of their own", [total](uint64_t row) { return total(row, &TypeTotals::bytes); }},
      },
      {}};
}

SqlTable stacks_table(const AnalyzedDump& dump) {
  const Heap& heap = dump.analysis.heap;
  auto used = std::make_shared<std::vector<StackId>>(heap.birth_stack);
  std::sort(used->begin(), used->end());
  used->erase(std::unique(used->begin(), used->end()), used->end());
  auto text = [&dump, used](uint64_t row) {
    std::string frames;
    for (uint64_t address : dump.image->frames((*used)[row]))
      for (const SourceFrame& frame : source_frames_at(*dump.image, *dump.types, address))
        frames += fmt::format("{}{} {}:{}", frames.empty() ? "" : "\n", frame.function, frame.file, frame.line);
    return SqlValue(std::move(frames));
  };
  return {"stacks",
          "call stacks that made objects",
          used->size(),
          {
              {"id", "objects.stack", [used](uint64_t row) { return number(index((*used)[row])); }},
              {"frames", "one a line, innermost first", text},
          },
          [used](int64_t key) -> std::pair<uint64_t, uint64_t> {
            if (key < 0 || key > 0xffffffff) return {0, 0};
            const auto [first, last] =
                std::equal_range(used->begin(), used->end(), StackId{static_cast<uint32_t>(key)});
            return {first - used->begin(), last - used->begin()};
          }};
}

// Of what owners reach, below the roots. Made when first asked for: it takes longer than most questions.
class DominatorColumns {
 public:
  explicit DominatorColumns(const Analysis& analysis)
      : dominators_(find_owned_dominators(analysis.heap, analysis.accounts, analysis.reachable.ownership)),
        retained_(retained_weights(dominators_, analysis.heap.size)) {}

  SqlValue dominator(uint64_t object) const {
    const uint32_t above = dominators_.immediate[object];
    return above < Dominators::kRoot ? number(above) : SqlValue();
  }
  SqlValue retained(uint64_t object) const {
    return dominators_.immediate[object] == Dominators::kUnreached ? SqlValue() : number(retained_[object]);
  }

 private:
  Dominators dominators_;
  std::vector<uint64_t> retained_;
};

SqlTable dominators_table(const Analysis& analysis) {
  auto columns = std::make_shared<std::optional<DominatorColumns>>();
  auto made = [columns, &analysis]() -> const DominatorColumns& {
    if (!*columns) columns->emplace(analysis);
    return **columns;
  };
  const uint64_t rows = analysis.heap.object_count();
  return {"dominators",
          "who alone keeps an object alive, and what goes with it",
          rows,
          {
              {"id", "objects.id", [](uint64_t row) { return number(row); }},
              {"dominator", "objects.id; null: only the roots", [made](uint64_t row) { return made().dominator(row); }},
              {"retained_bytes", "null: no owner reaches it", [made](uint64_t row) { return made().retained(row); }},
          },
          [rows](int64_t key) { return one_row(key, rows); }};
}

SqlTable findings_table(const Report& report) {
  const std::vector<ReportFinding>& findings = report.findings;
  auto text = [&findings](const char* name, const char* help, std::string ReportFinding::* member) {
    return SqlColumn{name, help, [&findings, member](uint64_t row) { return std::string_view(findings[row].*member); }};
  };
  auto count = [&findings](const char* name, const char* help, uint64_t ReportFinding::* member) {
    return SqlColumn{name, help, [&findings, member](uint64_t row) { return number(findings[row].*member); }};
  };
  return {"findings",
          "what is wrong",
          findings.size(),
          {
              {"id", "row of this table", [](uint64_t row) { return number(row); }},
              text("rule", "", &ReportFinding::rule),
              text("severity", "", &ReportFinding::severity),
              text("fingerprint", "", &ReportFinding::fingerprint),
              count("instances", "", &ReportFinding::instances),
              count("objects", "", &ReportFinding::objects),
              count("bytes", "of their own", &ReportFinding::bytes),
              count("retained_bytes", "", &ReportFinding::retained_bytes),
              text("summary", "", &ReportFinding::summary),
          },
          {}};
}

SqlTable members_table(const Analysis& analysis) {
  auto members = std::make_shared<std::vector<std::array<uint32_t, 3>>>();
  for (uint32_t finding = 0; finding < analysis.findings.size(); finding++)
    for (uint32_t instance = 0; instance < analysis.findings[finding].instances.size(); instance++)
      for (ObjectId object : analysis.findings[finding].instances[instance])
        members->push_back({finding, instance, index(object)});
  auto column = [members](const char* name, const char* help, size_t place) {
    return SqlColumn{name, help, [members, place](uint64_t row) { return number((*members)[row][place]); }};
  };
  return {"finding_objects",
          "objects of each finding",
          members->size(),
          {column("finding", "findings.id", 0), column("instance", "0, 1 …", 1), column("id", "objects.id", 2)},
          {}};
}

}  // namespace

void add_query_tables(SqlDatabase& database, const AnalyzedDump& dump, const Report& report) {
  const Analysis& analysis = dump.analysis;
  database.add(objects_table(analysis));
  database.add(references_table(analysis.heap));
  database.add(roots_table(analysis.heap));
  database.add(types_table(analysis.heap));
  database.add(stacks_table(dump));
  database.add(dominators_table(analysis));
  database.add(findings_table(report));
  database.add(members_table(analysis));
}

}  // namespace reftally
