#include "reports/accumulation.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "analyzer/heap/drawing.h"

using namespace reftally;

namespace {

// "Cache 1000: 9 Page 900" for each point.
std::vector<std::string> points_of(const std::string& drawing) {
  const Analysis analysis = analyze_heap(read_drawing(drawing).heap);
  const Heap& heap = analysis.heap;
  RetainingPaths paths(heap);
  std::vector<std::string> told;
  for (const AccumulationPoint& point : find_accumulation_points(heap, find_retention(analysis), paths)) {
    std::string text(point.object ? heap.type_name(*point.object) : heap.text(heap.roots[*point.path.root].name));
    text += fmt::format(" {}:", point.retained);
    for (const Accumulated& row : point.most)
      text += fmt::format(" {} {} {}", row.objects, heap.text(heap.types[index(row.type)].name), row.retained);
    told.push_back(text);
  }
  return told;
}

std::string pages(const char* holder, int count) {
  std::string drawing;
  for (int i = 0; i < count; i++) drawing += fmt::format("; {0} =[pages_[]#{1}]=> {0}{1}(Page)[100]", holder, i);
  return drawing;
}

}  // namespace

TEST_CASE("what one object hands to the next comes together where it is divided") {
  CHECK(points_of("static g => app(App)[16] =[cache_]=> cache(Cache)[16]" + pages("cache", 9)) ==
        std::vector<std::string>{"Cache 916: 9 Page 900"});
}

TEST_CASE("a great part of what a great part divides is told too, most first") {
  CHECK(points_of("static g => app(App)[16]; app =[a_]=> a(Cache)[16]; app =[b_]=> b(Index)[16]" + pages("a", 12) +
                  pages("b", 8)) == std::vector<std::string>{"App 2048: 1 Cache 1216 1 Index 816",
                                                             "Cache 1216: 12 Page 1200", "Index 816: 8 Page 800"});
}

TEST_CASE("what a variable holds by itself comes together at the variable") {
  CHECK(points_of("static g_pages => a(Page)[1000]; static g_pages => b(Page)[900]; static other => c(Word)[16]") ==
        std::vector<std::string>{"g_pages 1900: 2 Page 1900"});
}

TEST_CASE("what no root owns is no accumulation") {
  CHECK(points_of("a(Lost)[1000]; static g => b(B)[16]") == std::vector<std::string>{"B 16:"});
}
