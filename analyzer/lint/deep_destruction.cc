// deep-destruction: a singly linked chain of unique_ptr or shared_ptr is destroyed by recursion, some hundred bytes of
// stack a link: Ceph (tracker 42149) and ClickHouse (39956) overflowed at 20,000 to 30,000 links. A destructor with a
// loop is taken to unlink the chain. Trees are as deep as they are: a note, and containers of children are not looked
// at.
#include <algorithm>
#include <array>
#include <cctype>
#include <set>

#include "analyzer/lint/lint_rules.h"

namespace reftally::lint {
namespace {

constexpr std::array<std::string_view, 8> kChainNames = {"next", "tail", "link",     "rest",
                                                         "succ", "prev", "previous", "following"};

// "nextNode_" -> "next", "node": `detail` is no `tail`.
std::vector<std::string> words_of(const std::string& name) {
  std::vector<std::string> words(1);
  for (const char c : name) {
    const bool upper = std::isupper(static_cast<unsigned char>(c));
    if (c == '_' || (upper && !words.back().empty())) words.emplace_back();
    if (c != '_') words.back() += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return words;
}

bool names_a_chain(const std::string& name) {
  const std::vector<std::string> words = words_of(name);
  return std::find_first_of(words.begin(), words.end(), kChainNames.begin(), kChainNames.end()) != words.end();
}

std::vector<const FieldFact*> links_of(const LintContext& context, const RecordFact& record) {
  std::vector<const FieldFact*> links;
  for (const FieldFact& field : record.fields)
    for (const FieldEdge& edge : field.edges)
      if ((edge.hold == Hold::kUnique || edge.hold == Hold::kStrong) && !edge.many &&
          (edge.target == record.key || context.program.is_derived_from(record.key, edge.target)))
        links.push_back(&field);
  return links;
}

}  // namespace

void find_deep_destructions(const LintContext& context, std::vector<LintFinding>& out) {
  std::set<Key> loops;
  std::set<std::string> told;  // instances of a template are one finding
  for (const SiteFact& site : context.program.sites())
    if (site.rule == "destructor-loop") loops.insert(site.subject);
  for (const RecordFact& record : context.program.records()) {
    const std::vector<const FieldFact*> links = links_of(context, record);
    if (links.empty() || loops.count(record.key)) continue;
    const FieldFact& link = *links.front();
    const bool is_chain = links.size() == 1 && names_a_chain(link.name);
    LintFinding finding;
    finding.identity = context.program.field_name(link.key);
    if (!told.insert(finding.identity).second) continue;
    if (!is_chain && links.size() < 2) continue;  // parent_, self_
    finding.severity = is_chain ? LintSeverity::kWarning : LintSeverity::kNote;
    finding.rank = is_chain ? 60 : 10;
    finding.location = {record.location.file, link.line, link.column};
    finding.message = "a long chain through " + finding.identity + " is destroyed by recursion, one call a link";
    out.push_back(std::move(finding));
  }
}

}  // namespace reftally::lint
