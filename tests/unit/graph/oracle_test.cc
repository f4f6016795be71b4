// Random small graphs against slow obvious answers.
#include <catch2/catch.hpp>
#include <random>

#include "analyzer/graph/bgl.h"
#include "analyzer/graph/reference_graph.h"
#include "tests/support/rounds.h"

using namespace reftally;

namespace {

struct Graph {
  CsrOffsets edges;
  std::vector<uint32_t> target;

  Graph(uint32_t vertices, uint32_t edge_count, std::mt19937& random) {
    std::vector<std::vector<uint32_t>> lists(vertices);
    for (uint32_t i = 0; i < edge_count; i++) lists[random() % vertices].push_back(random() % vertices);
    for (auto& list : lists) {
      target.insert(target.end(), list.begin(), list.end());
      edges.offsets.push_back(target.size());
    }
  }
  explicit Graph(uint32_t chain) {
    for (uint32_t i = 0; i < chain; i++) {
      if (i + 1 < chain) target.push_back(i + 1);
      edges.offsets.push_back(target.size());
    }
  }
};

std::vector<uint8_t> reach(const Graph& graph, const std::vector<uint32_t>& from, uint32_t without) {
  std::vector<uint8_t> seen(graph.edges.rows(), 0);
  std::vector<uint32_t> todo;
  for (uint32_t vertex : from)
    if (vertex != without && !seen[vertex]) seen[vertex] = 1, todo.push_back(vertex);
  while (!todo.empty()) {
    uint32_t vertex = todo.back();
    todo.pop_back();
    for (uint32_t to : graph.edges.slice(graph.target, vertex))
      if (to != without && !seen[to]) seen[to] = 1, todo.push_back(to);
  }
  return seen;
}

constexpr uint32_t kNobody = 0xffffffff;

}  // namespace

TEST_CASE("two vertices share a component exactly when each reaches the other") {
  std::mt19937 random(7);
  for (int round = 0; round < rounds(2000); round++) {
    Graph graph(1 + random() % 9, random() % 20, random);
    Components components = find_components(graph.edges, graph.target);
    std::vector<std::vector<uint8_t>> reached;
    for (uint32_t v = 0; v < graph.edges.rows(); v++) reached.push_back(reach(graph, {v}, kNobody));
    for (uint32_t a = 0; a < graph.edges.rows(); a++)
      for (uint32_t b = 0; b < graph.edges.rows(); b++)
        REQUIRE((components.component[a] == components.component[b]) == (reached[a][b] && reached[b][a]));
  }
}

TEST_CASE("a dominates b exactly when b cannot be reached without a, and retains what it dominates") {
  std::mt19937 random(11);
  for (int round = 0; round < rounds(5000); round++) {
    const uint32_t vertices = 1 + random() % 10;
    Graph graph(vertices, random() % 24, random);
    std::vector<uint32_t> entries;
    for (uint32_t i = 0; i <= random() % 3; i++) entries.push_back(random() % vertices);
    Dominators dominators = find_dominators(graph.edges, graph.target, entries);
    std::vector<uint8_t> all = reach(graph, entries, kNobody);
    std::vector<uint64_t> weight(vertices);
    for (uint64_t& bytes : weight) bytes = random() % 100;
    std::vector<uint64_t> retained = retained_weights(dominators, weight);
    for (uint32_t a = 0; a < vertices; a++) {
      REQUIRE((dominators.immediate[a] != Dominators::kUnreached) == bool(all[a]));
      if (!all[a]) continue;
      std::vector<uint8_t> without = reach(graph, entries, a);
      uint64_t lost = 0;
      for (uint32_t b = 0; b < vertices; b++) {
        if (!all[b]) continue;
        bool dominated = false;
        for (uint32_t at = b;; at = dominators.immediate[at]) {
          dominated |= at == a;
          if (dominators.immediate[at] == Dominators::kRoot) break;
        }
        REQUIRE(dominated == !without[b]);
        lost += without[b] ? 0 : weight[b];
      }
      REQUIRE(retained[a] == lost);
    }
  }
}

TEST_CASE("components are numbered referents first, and are those of Boost.Graph") {
  std::mt19937 random(13);
  for (int round = 0; round < rounds(500); round++) {
    const Graph graph(1 + random() % 400, random() % 900, random);
    const Components ours = find_components(graph.edges, graph.target);
    for (uint32_t from = 0; from < graph.edges.rows(); from++)
      for (uint32_t to : graph.edges.slice(graph.target, from)) REQUIRE(ours.component[to] <= ours.component[from]);
    std::vector<uint32_t> theirs(graph.edges.rows());
    const CsrView view{&graph.edges, &graph.target};
    auto map = boost::make_iterator_property_map(theirs.begin(), get(boost::vertex_index, view));
    REQUIRE(boost::strong_components(view, map) == ours.count);
    std::vector<uint32_t> same_as(ours.count, kNobody);
    for (uint32_t vertex = 0; vertex < graph.edges.rows(); vertex++) {
      uint32_t& same = same_as[ours.component[vertex]];
      if (same == kNobody) same = theirs[vertex];
      REQUIRE(same == theirs[vertex]);
    }
  }
}

TEST_CASE("a chain of a million objects overflows no stack") {
  Graph chain(1'000'000);
  CHECK(find_components(chain.edges, chain.target).count == 1'000'000);
  Dominators dominators = find_dominators(chain.edges, chain.target, {0});
  CHECK(dominators.immediate[999'999] == 999'998);
  CHECK(retained_weights(dominators, std::vector<uint64_t>(1'000'000, 1))[0] == 1'000'000);
}
