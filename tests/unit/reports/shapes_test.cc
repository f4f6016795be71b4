// Extreme shapes, from the heap to the text of the report, on a stack that recursion over the objects would overflow; a
// pass that takes quadratic time does not come to an end here. tests/bench/shape_bench.cc has them with 10 million.
#include <pthread.h>

#include <catch2/catch.hpp>
#include <functional>

#include "analyzer/analysis.h"
#include "reports/build_report.h"
#include "reports/renderers.h"
#include "tests/support/shaped_heap.h"

using namespace reftally;

namespace {

constexpr uint32_t kObjects = 200'000;
constexpr size_t kStack = 256 << 10;

void run_on_small_stack(std::function<void()> work) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStack);
  pthread_t thread{};
  auto call = [](void* given) -> void* {
    (*static_cast<std::function<void()>*>(given))();
    return nullptr;
  };
  const int failed = pthread_create(&thread, &attributes, call, &work);
  pthread_attr_destroy(&attributes);
  REQUIRE(failed == 0);
  pthread_join(thread, nullptr);
}

struct Outcome {
  Analysis analysis;
  std::string text;

  const Finding* finding(std::string_view rule) const {
    for (const Finding& finding : analysis.findings)
      if (finding.rule == rule) return &finding;
    return nullptr;
  }
};

Outcome outcome_of(Shape shape, Fate fate) {
  Outcome outcome;
  run_on_small_stack([&] {
    outcome.analysis = analyze_heap(ShapedHeap(shape, kObjects).build(fate));
    outcome.text = render_text(build_report(outcome.analysis, nullptr, nullptr, true), {});
  });
  return outcome;
}

}  // namespace

TEST_CASE("of a dead heap of any shape the whole is found, once, in a few lines") {
  for (const auto& [shape, name] : kShapes) {
    if (shape == Shape::kManyRings) continue;
    INFO(name);
    const Outcome outcome = outcome_of(shape, Fate::kDead);
    REQUIRE(outcome.analysis.findings.size() == 1);
    const Finding& finding = outcome.analysis.findings.front();
    CHECK(finding.rule == std::string_view(shape == Shape::kChain ? "leaked-reference" : "unreachable-cycle"));
    if (shape != Shape::kCliques) CHECK(finding.objects + finding.held_objects == kObjects);
    if (shape != Shape::kCliques) CHECK(finding.retained_bytes == uint64_t{kObjects} * 48);
    CHECK(outcome.text.size() < 4000);
  }
}

TEST_CASE("rings of many lengths are one finding") {
  const Outcome outcome = outcome_of(Shape::kManyRings, Fate::kDead);
  REQUIRE(outcome.finding("unreachable-cycle") != nullptr);
  CHECK(outcome.finding("unreachable-cycle")->instances.size() > 100);
  CHECK(outcome.text.size() < 4000);
}

TEST_CASE("the end of a held shape is found to linger, and its path is told by its ends") {
  for (const auto& [shape, name] : kShapes) {
    if (shape == Shape::kManyRings) continue;  // the last is in no ring that is held
    INFO(name);
    const Outcome outcome = outcome_of(shape, Fate::kLingering);
    const Finding* finding = outcome.finding("lingering-object");
    REQUIRE(finding != nullptr);
    CHECK(finding->root.has_value());
    CHECK(outcome.text.size() < 4000);
  }
}

TEST_CASE("a held heap has no finding but for chains too long to be released by recursion") {
  for (const auto& [shape, name] : kShapes) {
    if (shape == Shape::kManyRings) continue;
    INFO(name);
    const Outcome outcome = outcome_of(shape, Fate::kHeld);
    const bool is_deep = shape == Shape::kChain || shape == Shape::kRing || shape == Shape::kOneClique;
    REQUIRE(outcome.analysis.findings.size() == (is_deep ? 1 : 0));
    if (is_deep) CHECK(outcome.analysis.findings.front().rule == std::string_view("deep-destruction"));
  }
}
