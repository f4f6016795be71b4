// Long paths as text: a list of thousands is not thousands of lines.
#include "reports/chain.h"

#include <catch2/catch.hpp>

#include "analyzer/heap/drawing.h"

using namespace reftally;

namespace {

// A list of Node, with an Image at its end.
struct List {
  Heap heap;
  std::vector<ReadStep> steps;
};

List list_of(int nodes) {
  std::string drawing = "n0(Node)[48]:1;";
  for (int i = 0; i + 1 < nodes; i++)
    drawing += "n" + std::to_string(i) + " =[Node::next_]=> n" + std::to_string(i + 1) + "(Node)[48];";
  drawing += "n" + std::to_string(nodes - 1) + " =[Node::image_]=> image(Image)[48]";
  List list{read_drawing(drawing).heap, {}};
  std::vector<PathStep> path;
  uint32_t at = 0;
  while (list.heap.references.begin(at) != list.heap.references.end(at)) {
    const uint64_t row = list.heap.references.begin(at);
    path.push_back({ObjectId{at}, row});
    at = index(list.heap.referent[row]);
  }
  list.steps = read_steps(list.heap, path, {});
  return list;
}

}  // namespace

TEST_CASE("a short path is told whole") {
  const List list = list_of(30);
  REQUIRE(list.steps.size() == 30);
  CHECK(told_steps(list.heap, list.steps).size() == 30);
}

TEST_CASE("of a list both ends are told, and how many are left out") {
  const List list = list_of(5000);
  REQUIRE(list.steps.size() == 5000);
  const std::vector<ReportEdge> told = told_steps(list.heap, list.steps);
  CHECK(told.size() < 6);
  uint64_t objects = 0;
  for (const ReportEdge& edge : told) objects += edge.left_out == 0 ? 1 : edge.left_out;
  CHECK(objects == 5000);
  CHECK(told.back().left_out == 0);
  CHECK(told.back().member == "Node::image_");
  CHECK(told.back().to == "Image");
}
