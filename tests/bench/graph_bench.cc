// Every pass over a synthetic heap of the size asked for, and what other libraries take for the same.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ctime>
#include <fstream>
#include <numeric>

#include "analyzer/analysis.h"
#include "analyzer/graph/trial_deletion.h"
#include "reports/renderers.h"
#include "tests/bench/measured.h"
#include "tests/bench/peers.h"
#include "tests/bench/synthetic_heap.h"

using namespace reftally;

namespace {

uint64_t size_of(const ObjectSet& set) { return std::accumulate(set.begin(), set.end(), uint64_t{0}); }

double processor_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

void measure_passes(const Measurements& measurements, const Heap& heap) {
  Accounts accounts;
  measurements.run("accounts", [&] {
    accounts = close_accounts(heap);
    return std::string();
  });
  Reachability reachable;
  measurements.run("reachability", [&] {
    reachable = find_reachable(heap, accounts);
    return fmt::format("{} reached by any word, {} by owners", size_of(reachable.conservative),
                       size_of(reachable.ownership));
  });
  measurements.run("trial deletion", [&] {
    return fmt::format("{} garbage", size_of(find_garbage(heap, ObjectSet(heap.object_count(), 1))));
  });
}

void measure_graph(const Measurements& measurements, const OwningGraph& graph, const std::vector<uint32_t>& entries,
                   const std::vector<uint64_t>& bytes) {
  measurements.run("components",
                   [&] { return fmt::format("{} components", find_components(graph.edges, graph.target).count); });
  measurements.run("dominators and retained sizes", [&] {
    const Dominators dominators = find_dominators(graph.edges, graph.target, entries);
    const std::vector<uint64_t> retained = retained_weights(dominators, bytes);
    return fmt::format("{} at most", *std::max_element(retained.begin(), retained.end()));
  });
}

Analysis measure_findings(Heap heap, uint32_t objects) {
  Analysis analysis;
  Measurements(objects, heap.referent.size(), 1).run("heap to findings", [&] {
    AnalysisOptions options;
    std::string phases;
    double begun = processor_seconds();
    const char* phase = nullptr;
    auto finish = [&](const char* next) {
      const double now = processor_seconds();
      if (phase != nullptr) phases += fmt::format("; {} {:.0f}", phase, (now - begun) * 1e9 / objects);
      begun = now;
      phase = next;
    };
    options.progress = finish;
    analysis = analyze_heap(std::move(heap), options);
    finish(nullptr);
    return fmt::format("{} findings, {} of {} objects unreachable{}", analysis.findings.size(),
                       analysis.totals.unreachable_blocks, analysis.totals.objects, phases);
  });
  return analysis;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Passes over a synthetic heap: one line of JSON each");
  uint32_t objects = 1'000'000;
  int rounds = 3;
  bool no_peers = false, boost_dominators = false, no_findings = false;
  std::string edges_file, snapshot_file;
  app.add_option("OBJECTS", objects)->required();
  app.add_option("--rounds", rounds);
  app.add_flag("--no-peers", no_peers);
  app.add_flag("--boost-dominators", boost_dominators, "0.7 kB an object");
  app.add_flag("--no-findings", no_findings);
  app.add_option("--write-edges", edges_file, "for peers in other languages");
  app.add_option("--write-snapshot", snapshot_file, "a .heapsnapshot, for memlab");
  CLI11_PARSE(app, argc, argv);

  Heap heap = synthetic_heap(objects);
  const Measurements measurements(objects, heap.referent.size(), rounds);
  measure_passes(measurements, heap);
  {
    OwningGraph graph;
    measurements.run("graph columns of the whole heap", [&] {
      graph = make_owning_graph(heap, ObjectSet(objects, 1));
      return std::string();
    });
    std::vector<uint32_t> entries;
    for (const HeapRoot& root : heap.roots) entries.push_back(index(root.to));
    measure_graph(measurements, graph, entries, heap.size);
    const PeerGraph peer{graph.edges, graph.target, entries};
    if (!no_peers) measure_boost(measurements, peer, boost_dominators);
    if (!no_peers) measure_igraph(measurements, peer);
    if (!edges_file.empty()) write_edges(peer, edges_file);
  }
  if (no_findings) return 0;
  const Analysis analysis = measure_findings(std::move(heap), objects);
  if (!snapshot_file.empty()) {
    RenderOptions options;
    options.analysis = &analysis;
    std::ofstream(snapshot_file) << render_heap_snapshot({}, options);
  }
}
