// The table of rules: what Reftally looks for in a heap.
#pragma once

#include <span>
#include <vector>

#include "analyzer/findings/evidence_graph.h"
#include "analyzer/findings/finding.h"
#include "analyzer/graph/reference_graph.h"

namespace reftally {

struct RuleInput {
  const Heap& heap;
  const Accounts& accounts;
  const Reachability& reachable;
  const EvidenceGraph& unreachable;  // what T1 does not reach
  const EvidenceGraph& unowned;      // what T1 reaches and T2 does not
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
// Sums objects, bytes, retained bytes and held objects over the finding's instances, one component each.
void add_totals(const RuleInput& input, const EvidenceGraph& graph, const std::vector<uint32_t>& components,
                Finding& finding);
// The cycles of `graph`, one finding a shape.
void find_cycles(const RuleInput& input, const EvidenceGraph& graph, const Rule& rule, std::vector<Finding>& findings);
// Components of one kind of object each, grouped by type and birth stack.
std::vector<std::vector<uint32_t>> group_by_birth(const RuleInput& input, const EvidenceGraph& graph,
                                                  const std::vector<uint32_t>& components);

}  // namespace reftally
