// Heaps of extreme shapes, from the heap to the text of the report: a line of JSON a shape and fate, with the CPU time
// an object at a tenth of the size and at the whole. Linear passes take the same; a quadratic one ten times as much.
#include <fmt/format.h>
#include <malloc.h>

#include <CLI/CLI.hpp>
#include <ctime>

#include "analyzer/analysis.h"
#include "reports/build_report.h"
#include "reports/renderers.h"
#include "tests/support/shaped_heap.h"

using namespace reftally;

namespace {

double processor_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

struct Measured {
  double ns;  // an object
  std::string phases, findings;
};

Measured measure(Shape shape, Fate fate, uint32_t objects) {
  malloc_trim(0);
  Heap heap = ShapedHeap(shape, objects).build(fate);
  Measured measured{};
  const double begun = processor_seconds();
  double phase_begun = begun;
  std::string phase;
  auto finish = [&](const char* next) {
    const double now = processor_seconds(), ns = (now - phase_begun) * 1e9 / objects;
    if (ns >= 20) measured.phases += fmt::format("{}{} {:.0f}", measured.phases.empty() ? "" : "; ", phase, ns);
    phase_begun = now;
    phase = next;
  };
  AnalysisOptions options;
  options.progress = finish;
  const Analysis analysis = analyze_heap(std::move(heap), options);
  finish("report");
  const Report report = build_report(analysis, nullptr, nullptr, true);
  const std::string text = render_text(report, {});
  finish("");
  measured.ns = (processor_seconds() - begun) * 1e9 / objects;
  for (const Finding& finding : analysis.findings)
    measured.findings += fmt::format("{}{}", measured.findings.empty() ? "" : ", ", finding.rule);
  measured.findings += fmt::format("; {} bytes of text", text.size());
  return measured;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Extreme shapes, from the heap to the report");
  uint32_t objects = 10'000'000;
  std::string only;
  app.add_option("OBJECTS", objects);
  app.add_option("--only", only, "shapes whose name begins so");
  CLI11_PARSE(app, argc, argv);
  for (const auto& [shape, name] : kShapes) {
    if (!std::string_view(name).starts_with(only)) continue;
    for (const auto& [fate, said] :
         {std::pair(Fate::kHeld, "held"), std::pair(Fate::kLingering, "lingering"), std::pair(Fate::kDead, "dead")}) {
      const double small = measure(shape, fate, objects / 10).ns;
      const Measured large = measure(shape, fate, objects);
      fmt::print(
          "{{\"shape\": \"{}\", \"fate\": \"{}\", \"objects\": {}, \"ns_tenth\": {:.0f}, \"ns\": {:.0f}, "
          "\"phases\": \"{}\", \"findings\": \"{}\"}}\n",
          name, said, objects, small, large.ns, large.phases, large.findings);
      fflush(stdout);
    }
  }
}
