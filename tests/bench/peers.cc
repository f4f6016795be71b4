#include "tests/bench/peers.h"

#include <fmt/format.h>

#include <boost/graph/breadth_first_search.hpp>
#include <boost/graph/compressed_sparse_row_graph.hpp>
#include <fstream>
#ifdef REFTALLY_BENCH_IGRAPH
#include <igraph/igraph.h>
#endif

#include "analyzer/graph/bgl.h"

namespace boost {
// The concept check of dominator_tree.hpp asks for it; compressed_sparse_row_graph has none (Boost 1.74 to 1.81).
using BidirectionalCsr =
    compressed_sparse_row_graph<bidirectionalS, no_property, no_property, no_property, uint32_t, uint32_t>;
inline uint32_t degree(uint32_t vertex, const BidirectionalCsr& graph) {
  return static_cast<uint32_t>(out_degree(vertex, graph) + in_degree(vertex, graph));
}
}  // namespace boost
#include <boost/graph/dominator_tree.hpp>

namespace reftally {
namespace {

std::vector<std::pair<uint32_t, uint32_t>> edge_list(const PeerGraph& graph) {
  std::vector<std::pair<uint32_t, uint32_t>> edges;
  const uint32_t root = graph.edges.rows();
  edges.reserve(graph.target.size() + graph.entries.size());
  for (uint32_t from = 0; from < root; from++)
    for (uint32_t to : graph.edges.slice(graph.target, from)) edges.emplace_back(from, to);
  for (uint32_t entry : graph.entries) edges.emplace_back(root, entry);
  return edges;
}

// The overload of lengauer_tarjan_dominator_tree that fills its own columns starts depth-first numbers at zero, so that
// edges from unreached vertices give wrong answers; and its path compression recurses.
void measure_boost_dominators(const Measurements& measurements, const PeerGraph& graph) {
  const auto edges = edge_list(graph);
  const uint32_t vertices = graph.edges.rows() + 1;
  const boost::BidirectionalCsr view(boost::edges_are_unsorted_multi_pass, edges.begin(), edges.end(), vertices);
  measurements.run("boost: lengauer_tarjan_dominator_tree", [&] {
    std::vector<uint32_t> number(vertices, std::numeric_limits<uint32_t>::max()), parent(vertices, vertices),
        immediate(vertices, vertices), vertex_of(vertices);
    const auto index_of = get(boost::vertex_index, view);
    auto by_vertex = [&](auto& column) { return boost::make_iterator_property_map(column.begin(), index_of); };
    boost::lengauer_tarjan_dominator_tree(view, vertices - 1, index_of, by_vertex(number), by_vertex(parent), vertex_of,
                                          by_vertex(immediate));
    return std::string("without retained sizes; graph made beforehand");
  });
}

}  // namespace

void measure_boost(const Measurements& measurements, const PeerGraph& graph, bool dominators) {
  const CsrView view{&graph.edges, &graph.target};
  measurements.run("boost: breadth_first_visit", [&] {
    boost::two_bit_color_map<> colour(graph.edges.rows());
    boost::queue<uint32_t> queue;
    uint64_t reached = 0;
    struct Count : boost::default_bfs_visitor {
      uint64_t* reached;
      explicit Count(uint64_t* counter) : reached(counter) {}
      void discover_vertex(uint32_t, const CsrView&) const { ++*reached; }
    };
    boost::breadth_first_visit(view, graph.entries.begin(), graph.entries.end(), queue, Count(&reached), colour);
    return fmt::format("{} reached", reached);
  });
  measurements.run("boost: strong_components", [&] {
    std::vector<uint32_t> component(graph.edges.rows());
    const auto map = boost::make_iterator_property_map(component.begin(), get(boost::vertex_index, view));
    return fmt::format("{} components", boost::strong_components(view, map));
  });
  if (dominators) measure_boost_dominators(measurements, graph);
}

#ifdef REFTALLY_BENCH_IGRAPH
void measure_igraph(const Measurements& measurements, const PeerGraph& graph) {
  const auto edges = edge_list(graph);
  igraph_vector_int_t list;
  igraph_vector_int_init(&list, static_cast<igraph_integer_t>(edges.size() * 2));
  for (size_t i = 0; i < edges.size(); i++) {
    VECTOR(list)[2 * i] = edges[i].first;
    VECTOR(list)[2 * i + 1] = edges[i].second;
  }
  igraph_t peer;
  igraph_create(&peer, &list, graph.edges.rows() + 1, IGRAPH_DIRECTED);
  igraph_vector_int_destroy(&list);
  measurements.run("igraph: strong components", [&] {
    igraph_integer_t count = 0;
    igraph_vector_int_t member;
    igraph_vector_int_init(&member, 0);
    igraph_connected_components(&peer, &member, nullptr, &count, IGRAPH_STRONG);
    igraph_vector_int_destroy(&member);
    return fmt::format("{} components, with the root's own", count);
  });
  measurements.run("igraph: dominator_tree", [&] {
    igraph_vector_int_t immediate;
    igraph_vector_int_init(&immediate, 0);
    igraph_dominator_tree(&peer, graph.edges.rows(), &immediate, nullptr, nullptr, IGRAPH_OUT);
    igraph_vector_int_destroy(&immediate);
    return std::string("without retained sizes");
  });
  igraph_destroy(&peer);
}
#else
void measure_igraph(const Measurements&, const PeerGraph&) {}
#endif

void write_edges(const PeerGraph& graph, const std::string& file) {
  std::ofstream out(file, std::ios::binary);
  auto put = [&](uint32_t word) { out.write(reinterpret_cast<const char*>(&word), sizeof word); };
  const auto edges = edge_list(graph);
  put(graph.edges.rows() + 1);
  put(static_cast<uint32_t>(edges.size()));
  for (const auto& [from, to] : edges) put(from), put(to);
}

}  // namespace reftally
