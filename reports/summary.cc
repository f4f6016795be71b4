#include "reports/summary.h"

#include <fmt/format.h>

#include "reports/names.h"

namespace reftally {
namespace {

std::string subjects(const ReportFinding& finding) {
  std::string text;
  constexpr size_t kNamed = 3;
  uint64_t rest = 0;
  for (size_t i = 0; i < finding.members.size(); i++) {
    if (i >= kNamed) {
      rest += finding.members[i].count;
      continue;
    }
    if (i > 0) text += i + 1 == finding.members.size() ? " and " : ", ";
    text += plural(finding.members[i].count, short_type(finding.members[i].type) + " object");
  }
  return rest == 0 ? text : fmt::format("{} and {} more", text, count_text(rest));
}

std::string route(const ReportFinding& finding) {
  std::string text;
  for (const ReportEdge& edge : finding.cycle) {
    if (!text.empty()) text += " -> ";
    text += member_text(short_type(edge.from), edge.via, edge.dotted);
  }
  return text;
}

std::string first_type(const ReportFinding& finding) {
  return finding.members.empty() ? "an object" : short_type(finding.members.front().type);
}

std::string sentence(const ReportFinding& finding) {
  const std::string retained = bytes_text(finding.retained_bytes);
  const bool one = finding.objects == 1;
  if (finding.rule == "unreachable-cycle")
    return fmt::format("{} {} alive through {}; {} {}", subjects(finding), one ? "keeps itself" : "keep each other",
                       route(finding), one ? "it retains" : "they retain", retained);
  if (finding.rule == "unowned-cycle")
    return fmt::format("{} {} alive through {}; nobody owns {}, something still points there; {}", subjects(finding),
                       one ? "keeps itself" : "keep each other", route(finding), one ? "it" : "them", retained);
  if (finding.rule == "leaked-reference")
    return fmt::format(
        "{} {} a count that nobody holds: {} never given back; {}", subjects(finding), one ? "has" : "have",
        finding.account ? plural(static_cast<uint64_t>(finding.account->remainder), "reference") + " on the first"
                        : "references",
        retained);
  if (finding.rule == "unreachable-block")
    return fmt::format("{} {} reachable from nowhere: {} lost", plural(finding.instances, first_type(finding)),
                       finding.instances == 1 ? "is" : "are", retained);
  if (finding.rule == "over-release")
    return fmt::format("{} {} more holders than counts: the last ones will use freed memory", subjects(finding),
                       one ? "has" : "have");
  if (finding.rule == "lingering-object")
    return fmt::format("{} should be gone and {} still held", subjects(finding), one ? "is" : "are");
  if (finding.rule == "weak-pinned-storage")
    return fmt::format("{} {} destroyed, but weak references keep {}", subjects(finding), one ? "is" : "are", retained);
  return fmt::format("{}: {}, {}", finding.rule, subjects(finding), retained);
}

}  // namespace

std::string summarize(const ReportFinding& finding) { return printable(sentence(finding)); }

}  // namespace reftally
