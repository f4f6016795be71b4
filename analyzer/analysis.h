// The analysis of one image, from process memory to findings.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "analyzer/findings/finding.h"
#include "analyzer/findings/growth.h"
#include "analyzer/graph/reference_graph.h"
#include "analyzer/graph/unexplained.h"
#include "analyzer/heap/heap.h"
#include "analyzer/image/debug_types.h"
#include "analyzer/image/image.h"

namespace reftally {

class Earlier;
class StatedCounts;

struct AnalysisOptions {
  bool use_types = true;                            // off: counts and type_info only
  const StatedCounts* stated = nullptr;             // of the program's own counts
  const Earlier* earlier = nullptr;                 // an earlier snapshot of the process: findings are what grew since
  std::span<const HeapCensus> before = {};          // of two snapshots or more: places that grow are findings
  std::function<void(const char* phase)> progress;  // called when a pass begins
};

struct AnalysisTotals {
  uint64_t blocks = 0, bytes = 0, objects = 0, references = 0;
  uint64_t reachable_bytes = 0, unreachable_bytes = 0, unreachable_blocks = 0;  // T1, the conservative rule
  uint64_t counted_objects = 0, explained_objects = 0;                          // remainder 0
  // Of the explained: by declared or typed references alone. And those where as many words of memory as counts are
  // open point to the object.
  uint64_t explained_by_structure = 0, explained_with_words = 0;
  uint64_t audited_objects = 0, agreeing_objects = 0;  // those events tell of, and whose counts they explain
  bool has_collector = false;                          // the runtime has a cycle collector of its own
  uint64_t waiting_objects = 0, waiting_bytes = 0;     // for it
};

struct Analysis {
  Heap heap;
  Accounts accounts;
  Reachability reachable;
  std::vector<Finding> findings;    // worst first
  std::vector<Finding> suppressed;  // taken out of them, with the reason
  AnalysisTotals totals;
  std::vector<Unexplained> unexplained;  // what is missing to explained_objects
  std::vector<std::string> warnings;
};

Analysis analyze(const Image& image, const DebugTypes& types, const AnalysisOptions& options);

// From a heap on: for drawings, and for heaps that come from elsewhere. Findings have no births then.
Analysis analyze_heap(Heap heap, const AnalysisOptions& options = {});

}  // namespace reftally
