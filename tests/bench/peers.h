// What others offer for the same passes, on the same graph in the same run.
#pragma once

#include "analyzer/graph/reference_graph.h"
#include "tests/bench/measured.h"

namespace reftally {

struct PeerGraph {
  const CsrOffsets& edges;
  const std::vector<uint32_t>& target;
  const std::vector<uint32_t>& entries;
};

void measure_boost(const Measurements& measurements, const PeerGraph& graph, bool dominators);
void measure_igraph(const Measurements& measurements, const PeerGraph& graph);  // nothing when built without it
// For peers in other languages: number of vertices and edges, then from and to of each edge, 32-bit words. The vertex
// after the last refers to the entries.
void write_edges(const PeerGraph& graph, const std::string& file);

}  // namespace reftally
