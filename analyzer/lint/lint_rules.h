// The table of lint rules, and what every rule may look at.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "analyzer/lint/lint_finding.h"
#include "analyzer/lint/ownership_graph.h"
#include "analyzer/lint/proofs.h"

namespace reftally::lint {

struct LintContext {
  const Program& program;
  const ObjectGraphs& graphs;
  const std::vector<ProvedCycle>& cycles;
  const OwnershipGraph& types;
  bool pedantic = false;
};

struct LintRule {
  const char* name;
  const char* summary;  // one line, for --list-rules and SARIF
  const char* advice;   // how to mend it
  void (*run)(const LintContext& context, std::vector<LintFinding>& out);
};

std::span<const LintRule> lint_rules();

// Findings of every rule in `only` (all when empty), with fingerprints, worst first, in an order that depends on
// nothing but the program.
std::vector<LintFinding> run_lint_rules(const LintContext& context, const std::vector<std::string>& only);
void finish_findings(std::vector<LintFinding>& findings);  // fingerprints and order, after some were added

bool is_lint_rule(const std::string& name);

void find_own_cycles(const LintContext& context, std::vector<LintFinding>& out);
void find_self_captures(const LintContext& context, std::vector<LintFinding>& out);
void find_self_holds(const LintContext& context, std::vector<LintFinding>& out);
void find_cycle_destructors(const LintContext& context, std::vector<LintFinding>& out);
void find_nonvirtual_destructors(const LintContext& context, std::vector<LintFinding>& out);
void find_deep_destructions(const LintContext& context, std::vector<LintFinding>& out);
void find_shared_this(const LintContext& context, std::vector<LintFinding>& out);

void find_python_leaks(const LintContext& context, std::vector<LintFinding>& out);
void find_python_borrowed(const LintContext& context, std::vector<LintFinding>& out);
void find_python_over_releases(const LintContext& context, std::vector<LintFinding>& out);
void find_python_traverses(const LintContext& context, std::vector<LintFinding>& out);
void find_python_clears(const LintContext& context, std::vector<LintFinding>& out);
void find_python_uncollected(const LintContext& context, std::vector<LintFinding>& out);
size_t count_functions_given_up(const Program& program);  // with more paths than are followed

// Sites of this rule as findings: what the translation unit could already tell.
void find_sites(const LintContext& context, const char* rule, std::vector<LintFinding>& out,
                const std::function<bool(const SiteFact&)>& holds = {});

}  // namespace reftally::lint
