// The table of rules: what Reftally looks for in a heap.
#pragma once

#include <span>
#include <vector>

#include "analyzer/findings/evidence_graph.h"
#include "analyzer/findings/finding.h"
#include "analyzer/graph/reference_graph.h"
#include "analyzer/graph/retaining_path.h"

namespace reftally {

struct RuleInput {
  const Heap& heap;
  const Accounts& accounts;
  const Reachability& reachable;
  const EvidenceGraph& unreachable;  // what T1 does not reach
  const EvidenceGraph& unowned;      // what T1 reaches and T2 does not
  RetainingPaths& paths;
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
void find_lingering_objects(const RuleInput& input, std::vector<Finding>& findings);
void find_weak_pinned_storage(const RuleInput& input, std::vector<Finding>& findings);

// ---- shared by rules

Account account_of(const RuleInput& input, ObjectId object);
// A finding whose instances are single objects; its subject is the first.
Finding finding_of_objects(const RuleInput& input, const Rule& rule, const std::vector<ObjectId>& objects);
// Adds an instance a component, and their objects and bytes.
void add_instances(const RuleInput& input, const EvidenceGraph& graph, const std::vector<uint32_t>& components,
                   Finding& finding);
// The path from a root to `object`, when there is one.
void set_path(const RuleInput& input, Finding& finding, Follow follow, ObjectId object);

}  // namespace reftally
