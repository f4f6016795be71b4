// The one door to Boost.Graph (the algorithms we use come in with it): a read-only view of our CSR columns as a Boost
// incidence graph.
#pragma once

#include <boost/graph/graph_traits.hpp>
#include <boost/graph/properties.hpp>
#include <boost/graph/strong_components.hpp>
#include <boost/iterator/counting_iterator.hpp>
#include <boost/property_map/property_map.hpp>

#include "analyzer/base/csr.h"

namespace reftally {

struct CsrView {
  const CsrOffsets* edges;
  const std::vector<uint32_t>* targets;

  using vertex_descriptor = uint32_t;
  struct edge_descriptor {
    uint32_t from;
    uint64_t row;
    bool operator==(const edge_descriptor&) const = default;
  };
  using directed_category = boost::directed_tag;
  using edge_parallel_category = boost::allow_parallel_edge_tag;
  struct traversal_category : boost::incidence_graph_tag, boost::vertex_list_graph_tag {};
  using vertices_size_type = uint32_t;
  using degree_size_type = uint64_t;
  using edges_size_type = uint64_t;
  using vertex_iterator = boost::counting_iterator<uint32_t>;

  class out_edge_iterator : public boost::iterator_facade<out_edge_iterator, edge_descriptor,
                                                          boost::forward_traversal_tag, edge_descriptor> {
   public:
    out_edge_iterator() = default;
    out_edge_iterator(uint32_t from, uint64_t row) : from_(from), row_(row) {}

   private:
    friend class boost::iterator_core_access;
    edge_descriptor dereference() const { return {from_, row_}; }
    bool equal(const out_edge_iterator& other) const { return row_ == other.row_; }
    void increment() { row_++; }
    uint32_t from_ = 0;
    uint64_t row_ = 0;
  };

  static vertex_descriptor null_vertex() { return 0xffffffff; }
};

inline std::pair<CsrView::vertex_iterator, CsrView::vertex_iterator> vertices(const CsrView& graph) {
  return {CsrView::vertex_iterator(0), CsrView::vertex_iterator(graph.edges->rows())};
}
inline uint32_t num_vertices(const CsrView& graph) { return graph.edges->rows(); }
inline std::pair<CsrView::out_edge_iterator, CsrView::out_edge_iterator> out_edges(uint32_t vertex,
                                                                                   const CsrView& graph) {
  return {{vertex, graph.edges->begin(vertex)}, {vertex, graph.edges->end(vertex)}};
}
inline uint64_t out_degree(uint32_t vertex, const CsrView& graph) {
  return graph.edges->end(vertex) - graph.edges->begin(vertex);
}
inline uint32_t source(const CsrView::edge_descriptor& edge, const CsrView&) { return edge.from; }
inline uint32_t target(const CsrView::edge_descriptor& edge, const CsrView& graph) {
  return (*graph.targets)[edge.row];
}

inline boost::typed_identity_property_map<uint32_t> get(boost::vertex_index_t, const CsrView&) { return {}; }

}  // namespace reftally

namespace boost {
template <>
struct property_map<reftally::CsrView, vertex_index_t> {
  using type = typed_identity_property_map<uint32_t>;
  using const_type = type;
};
}  // namespace boost
