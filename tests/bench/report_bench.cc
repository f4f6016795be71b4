// What a report costs after the analysis of a big heap with many findings, and what a click of `reftally view` costs.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <random>

#include "analyzer/analysis.h"
#include "reports/build_report.h"
#include "reports/heap_walk.h"
#include "reports/picture.h"
#include "reports/renderers.h"

using namespace reftally;

namespace {

using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

ObjectId add_object(HeapBuilder& builder, TypeId type, int64_t count, uint64_t size) {
  HeapBuilder::Object object;
  object.type = type;
  object.size = size;
  object.strong_count = count;
  object.flavour = FlavourId::kSharedPtr;
  object.address = 0x10000 + uint64_t{builder.object_count()} * 64;
  return builder.add_object(object);
}

// Cycles of types of their own, each holding a few objects; the rest is a tree with parent pointers below a root.
Heap make_heap(uint32_t objects, uint32_t cycles) {
  HeapBuilder builder;
  constexpr uint32_t kTypes = 500, kFan = 6;
  std::vector<TypeId> types;
  std::vector<LabelId> labels;
  for (uint32_t i = 0; i < kTypes; i++) {
    types.push_back(builder.add_type(fmt::format("service::model::Record<service::Key{}, std::vector<int>>", i)));
    labels.push_back(builder.add_label(fmt::format("Record{}", i), "children_[]", fmt::format("record{}.h:12", i)));
  }
  for (uint32_t i = 0; i < cycles; i++) {
    const TypeId first = builder.add_type(fmt::format("Session{}", i)),
                 second = builder.add_type(fmt::format("Handler{}", i));
    const ObjectId a = add_object(builder, first, 1, 100 + i), b = add_object(builder, second, 1, 64);
    builder.add_reference({a, b, builder.add_label(fmt::format("Session{}", i), "handler_", "session.h:9")});
    builder.add_reference({b, a, builder.add_label(fmt::format("Handler{}", i), "session_", "handler.h:7")});
    for (uint32_t k = 0; k < 5; k++) builder.add_reference({a, add_object(builder, types[k], 1, 48), labels[k]});
  }
  const LabelId parent = builder.add_label("Record", "parent_", "record.h:9");
  std::vector<ObjectId> tree = {add_object(builder, types[0], 1, 64)};
  while (builder.object_count() < objects) {
    const uint32_t i = static_cast<uint32_t>(tree.size());
    const ObjectId up = tree[(i - 1) / kFan], node = add_object(builder, types[i % kTypes], 1, 32 + i % 90);
    builder.add_reference(
        {up, node, labels[index(up) % kTypes], ReferenceKind::kStrong, Certainty::kExact, (i - 1) % kFan});
    builder.add_reference({node, up, parent, ReferenceKind::kRaw, Certainty::kExact});
    tree.push_back(node);
  }
  builder.add_root(
      {tree[0], RootKind::kStatic, ReferenceKind::kStrong, Certainty::kExact, builder.intern("g_records")});
  return std::move(builder).build();
}

void measure_report(const Analysis& analysis) {
  auto start = Clock::now();
  Report report = build_report(analysis, nullptr, nullptr, true);
  const double built = ms_since(start);
  start = Clock::now();
  const std::string page = render_html(report, {});
  fmt::print("{} findings; report {:.0f} ms, HTML {:.0f} ms, {:.2f} MB\n", report.findings.size(), built,
             ms_since(start), static_cast<double>(page.size()) / 1e6);
}

void measure_walk(const Analysis& analysis) {
  auto start = Clock::now();
  const HeapWalk walk(analysis, nullptr);
  fmt::print("walk made ready in {:.0f} ms\n", ms_since(start));
  std::mt19937 random(1);
  const uint32_t count = analysis.heap.object_count();
  std::vector<double> objects, searches, graphs;
  for (int i = 0; i < 200; i++) {
    const uint32_t object = i == 0 ? 0 : random() % count;
    start = Clock::now();
    walk.object(std::to_string(object));
    objects.push_back(ms_since(start));
  }
  for (const char* query : {"", "Record", "Key17,", "Session", "0x10000", "nothing"}) {
    start = Clock::now();
    walk.search(query);
    searches.push_back(ms_since(start));
  }
  std::string ids;
  for (uint32_t i = 0; i < 60; i++) ids += (i == 0 ? "" : ",") + std::to_string(count / 2 + i);
  for (const std::string& picked : {std::string("1,2,3,4,5"), ids}) {
    start = Clock::now();
    walk.graph(picked);
    graphs.push_back(ms_since(start));
  }
  const auto most = [](const std::vector<double>& times) { return *std::max_element(times.begin(), times.end()); };
  fmt::print("slowest answer: object {:.1f} ms, search {:.1f} ms, drawing of 60 {:.1f} ms\n", most(objects),
             most(searches), most(graphs));
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Report and walk of a heap as large as asked");
  uint32_t objects = 10'000'000, cycles = 1000;
  app.add_option("--objects", objects);
  app.add_option("--findings", cycles);
  CLI11_PARSE(app, argc, argv);
  auto start = Clock::now();
  const Analysis analysis = analyze_heap(make_heap(objects, cycles));
  fmt::print("{} objects, heap made and analyzed in {:.0f} ms\n", analysis.heap.object_count(), ms_since(start));
  measure_report(analysis);
  measure_walk(analysis);
}
