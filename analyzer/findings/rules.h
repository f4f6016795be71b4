// The table of rules: what Reftally looks for in a heap.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "analyzer/findings/evidence_graph.h"
#include "analyzer/findings/finding.h"
#include "analyzer/findings/growth.h"
#include "analyzer/graph/reference_graph.h"
#include "analyzer/graph/retaining_path.h"

namespace reftally {

class Earlier;

struct RuleInput {
  const Heap& heap;
  const Accounts& accounts;
  const Reachability& reachable;
  const EvidenceGraph& unreachable;  // what T1 does not reach
  const EvidenceGraph& unowned;      // what T1 reaches and T2 does not
  RetainingPaths& paths;
  const ObjectSet& collectable;             // what the runtime's own cycle collector would free now
  bool has_collector = false;               // whether there is one
  const Earlier* earlier = nullptr;         // a snapshot before this one, to tell what has grown
  std::span<const HeapCensus> before = {};  // what earlier snapshots held, oldest first
};

struct Rule {
  const char* name;
  Severity severity;
  const char* help;
  void (*find)(const RuleInput& input, std::vector<Finding>& findings);
};

std::span<const Rule> rules();
const Rule& rule_named(const char* name);

void find_unreachable_cycles(const RuleInput& input, std::vector<Finding>& findings);
void find_unowned_cycles(const RuleInput& input, std::vector<Finding>& findings);
void find_leaked_references(const RuleInput& input, std::vector<Finding>& findings);
void find_unreachable_blocks(const RuleInput& input, std::vector<Finding>& findings);
void find_over_releases(const RuleInput& input, std::vector<Finding>& findings);
void find_deep_destructions(const RuleInput& input, std::vector<Finding>& findings);
void find_growth(const RuleInput& input, std::vector<Finding>& findings);
void find_lingering_objects(const RuleInput& input, std::vector<Finding>& findings);
void find_weak_pinned_storage(const RuleInput& input, std::vector<Finding>& findings);
void find_finalizer_cycles(const RuleInput& input, std::vector<Finding>& findings);
void find_uncollectable_cycles(const RuleInput& input, std::vector<Finding>& findings);
void find_hidden_traverse(const RuleInput& input, std::vector<Finding>& findings);
void find_resurrections(const RuleInput& input, std::vector<Finding>& findings);
void find_unheld_counts(const RuleInput& input, std::vector<Finding>& findings);

// ---- shared by rules

Account account_of(const RuleInput& input, ObjectId object);
// A finding whose instances are single objects; its subject is the first.
Finding finding_of_objects(const RuleInput& input, const Rule& rule, const std::vector<ObjectId>& objects);
// Adds an instance a component, and their objects and bytes.
void add_instances(const RuleInput& input, const EvidenceGraph& graph, const std::vector<uint32_t>& components,
                   Finding& finding);
// The cycles that nobody reaches and `wanted` takes, one finding for all that the same cycle stands for.
using CycleFilter = std::function<bool(const std::vector<ObjectId>& objects)>;
void find_unreachable_cycles_if(const RuleInput& input, const Rule& rule, const CycleFilter& wanted,
                                std::vector<Finding>& findings);
bool is_declared(const Heap& heap, ObjectId object);  // its runtime declares every reference it knows
bool is_class(const Heap& heap, ObjectId object);     // of CPython
// The path from a root to `object`, when there is one.
void set_path(const RuleInput& input, Finding& finding, Follow follow, ObjectId object);

}  // namespace reftally
