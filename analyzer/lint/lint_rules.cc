#include "analyzer/lint/lint_rules.h"

#include <xxhash.h>

#include <algorithm>
#include <tuple>

namespace reftally::lint {
namespace {

constexpr LintRule kRules[] = {
    {"own-cycle", "Objects own each other through counted references: none of them is ever freed",
     "Make one of the references weak, or empty one of the members when the work is done.", find_own_cycles},
    {"self-capture", "An object owns a closure that owns the object", "Capture weak_from_this() and lock() it inside.",
     find_self_captures},
    {"self-hold", "An object owns itself through a member of its own",
     "Empty the member on every way out, or keep the reference outside of the object.", find_self_holds},
    {"cycle-destructor",
     "A destructor that does work belongs to a class that owns itself through others: it never runs",
     "Break the cycle, or do the work in a function that is called.", find_cycle_destructors},
    {"shared-this-in-constructor-or-destructor",
     "shared_from_this() where no shared_ptr owns the object: throws bad_weak_ptr",
     "Do it in a function called after make_shared, or before the last reference goes.", find_shared_this},
    {"nonvirtual-destructor", "A unique_ptr to a base without virtual destructor is given an object of a derived class",
     "Make the base's destructor virtual, or use a shared_ptr made by make_shared of the derived class.",
     find_nonvirtual_destructors},
    {"deep-destruction", "Destroying a long chain of this class recurses once a link and overflows the stack",
     "Unlink the chain in a loop in the destructor.", find_deep_destructions},
    {"py-leak", "CPython: a way through a function ends with a reference that nobody releases",
     "Py_DECREF() it on that way, or give it to a function that takes it over.", find_python_leaks},
    {"py-borrowed", "CPython: a borrowed reference is returned, kept or given away as if it were the function's own",
     "Py_INCREF() it first.", find_python_borrowed},
    {"py-over-release", "CPython: a reference is released that the function does not own, or used after its release",
     "Release each reference once.", find_python_over_releases},
    {"py-traverse", "CPython: tp_traverse does not visit a member, so no cycle through it is collected",
     "Py_VISIT() the member.", find_python_traverses},
    {"py-clear", "CPython: tp_clear does not clear a member that tp_traverse visits", "Py_CLEAR() the member.",
     find_python_clears},
    {"py-no-gc", "CPython: a type owns objects that may refer back, and does not take part in collection",
     "Add Py_TPFLAGS_HAVE_GC, tp_traverse and tp_clear.", find_python_uncollected},
};

std::string fingerprint_of(const LintFinding& finding) {
  const std::string text = finding.rule + "\n" + finding.identity;
  char digits[17];
  snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(XXH3_64bits(text.data(), text.size())));
  return digits;
}

}  // namespace

void find_sites(const LintContext& context, const char* rule, std::vector<LintFinding>& out,
                const std::function<bool(const SiteFact&)>& holds) {
  for (const SiteFact& site : context.program.sites()) {
    if (site.rule != rule || (holds && !holds(site))) continue;
    LintFinding finding;
    finding.location = site.location;
    finding.message = site.message;
    finding.identity = site.detail;
    finding.severity = site.severity == "error"     ? LintSeverity::kError
                       : site.severity == "warning" ? LintSeverity::kWarning
                                                    : LintSeverity::kNote;
    finding.rank = finding.severity == LintSeverity::kNote ? 20 : 70;
    for (const auto& [location, text] : site.notes) finding.notes.push_back({location, text});
    out.push_back(std::move(finding));
  }
}

const char* name_of(LintSeverity severity) {
  constexpr const char* kNames[] = {"note", "warning", "error"};
  return kNames[static_cast<int>(severity)];
}

std::span<const LintRule> lint_rules() { return kRules; }

std::vector<LintFinding> run_lint_rules(const LintContext& context, const std::vector<std::string>& only) {
  std::vector<LintFinding> findings;
  for (const LintRule& rule : kRules) {
    if (!only.empty() && std::find(only.begin(), only.end(), rule.name) == only.end()) continue;
    const size_t first = findings.size();
    rule.run(context, findings);
    for (size_t i = first; i < findings.size(); ++i) findings[i].rule = rule.name;
  }
  finish_findings(findings);
  return findings;
}

bool is_lint_rule(const std::string& name) {
  return std::any_of(std::begin(kRules), std::end(kRules), [&](const LintRule& rule) { return name == rule.name; });
}

void finish_findings(std::vector<LintFinding>& findings) {
  for (LintFinding& finding : findings) finding.fingerprint = fingerprint_of(finding);
  auto order = [](const LintFinding& f) {
    return std::make_tuple(-static_cast<int>(f.severity), -f.rank, f.rule, f.location.file, f.location.line,
                           f.location.column, f.identity);
  };
  std::sort(findings.begin(), findings.end(), [&](const auto& a, const auto& b) { return order(a) < order(b); });
}

}  // namespace reftally::lint
