// The cycle that stands for a component: of its shortest cycles through a counted object the one whose members read
// least, so that the same bug shows the same cycle in every run, whatever the addresses.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/findings/evidence_graph.h"
#include "analyzer/findings/finding.h"

namespace reftally {

// Reuses its columns from component to component. Linear but for a bounded number of further starts: of a large
// component a short cycle is found, the shortest not always.
class CycleSearch {
 public:
  CycleSearch(const Heap& heap, const EvidenceGraph& graph);

  // Rotated to its least form. Certain strong references are preferred to "strong or weak" ones, those to raw words.
  std::vector<PathStep> find(uint32_t component);

 private:
  // The graph with only the references that are certain enough.
  struct Layer {
    CsrOffsets edges;
    std::vector<uint32_t> target;
    std::vector<uint64_t> reference;
    std::vector<uint32_t> component;  // by vertex; differs from its neighbours' when it lies on no cycle
    std::vector<uint8_t> cyclic;      // by vertex
  };
  enum class Doubt : uint8_t { kNone, kAmbiguous, kAny };

  void rank_labels();
  Layer make_layer(Doubt doubt) const;
  bool allows(Doubt doubt, uint64_t row) const;
  std::vector<PathStep> find_in(const Layer& layer, uint32_t component);
  std::vector<uint64_t> shortest_through(const Layer& layer, uint32_t start, size_t longest, uint64_t& budget);
  std::vector<PathStep> steps_of(const Layer& layer, const std::vector<uint64_t>& edges) const;

  const Heap& heap_;
  const EvidenceGraph& graph_;
  std::array<std::optional<Layer>, 3> layers_;  // by doubt, made when first needed
  std::vector<uint32_t> label_rank_;            // by label
  std::vector<uint32_t> stamp_;                 // by vertex: the search that saw it last
  std::vector<uint64_t> came_by_;               // by vertex: edge
  std::vector<uint32_t> came_from_;             // by vertex: vertex
  std::vector<uint32_t> queue_;
  uint32_t search_ = 0;
  uint64_t total_budget_;  // edges that searches from further starts may still look at
};

// Type and member as they enter a fingerprint: "Session|Session|routes_[].handler_", without what changes with every
// edit or run (lines of lambdas, sizes of blocks).
std::string stable_name(std::string_view type);
std::string stable_step(const Heap& heap, const PathStep& step);

// Rotated to the least sequence of steps that starts at a counted object; linear.
std::vector<PathStep> least_rotation(const Heap& heap, const std::vector<PathStep>& cycle);

// Its stable steps, one a line. A ring of fifty equal nodes reads as a ring of one, whatever its length.
std::string cycle_text(const Heap& heap, const std::vector<PathStep>& cycle);

}  // namespace reftally
