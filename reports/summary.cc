#include "reports/summary.h"

#include <fmt/format.h>

#include <algorithm>

#include "reports/escape.h"
#include "reports/names.h"
#include "reports/reference_text.h"

namespace reftally {
namespace {

constexpr size_t kNamed = 3;  // types, or members of a cycle, that a sentence names

uint64_t counted(const ReportFinding& finding) {
  uint64_t count = 0;
  for (const ReportMember& member : finding.members) count += member.count;
  return count;
}

std::string joined(const std::vector<std::string>& parts, std::string_view last) {
  std::string text;
  for (size_t i = 0; i < parts.size(); i++) {
    if (i > 0) text += i + 1 == parts.size() ? fmt::format(" {} ", last) : ", ";
    text += parts[i];
  }
  return text;
}

constexpr std::string_view kBlock = "block ";  // "block of 16 bytes" is the type of what has none

std::string some_of(const ReportMember& member) {
  const std::string type = short_type(member.type);
  if (!type.starts_with(kBlock)) return fmt::format("{} {}", count_text(member.count), type);
  return plural(member.count, "block") + type.substr(kBlock.size() - 1);
}

// "3,412 Session objects", "2 Page and 1 Document objects", "13 blocks of 152 bytes"
std::string subjects(const ReportFinding& finding) {
  std::vector<std::string> parts;
  uint64_t rest = 0;
  for (size_t i = 0; i < finding.members.size(); i++) {
    if (i < kNamed)
      parts.push_back(some_of(finding.members[i]));
    else
      rest += finding.members[i].count;
  }
  const bool ends_in_block = finding.members.size() <= kNamed && finding.members.back().type.starts_with(kBlock);
  if (rest > 0) parts.push_back(count_text(rest) + " more");
  return joined(parts, "and") + (ends_in_block ? "" : counted(finding) == 1 ? " object" : " objects");
}

std::string route(const ReportFinding& finding) {
  std::string text;
  for (size_t i = 0; i < finding.ring; i++) {
    if (i == kNamed && finding.ring > kNamed + 1)
      return text + fmt::format(" and {} more", count_text(finding.ring - i));
    if (!text.empty()) text += " -> ";
    text += short_way(finding.edges[i].member, 200);
  }
  return text;
}

std::string retained(const ReportFinding& finding) {
  return fmt::format("{} {}", counted(finding) == 1 ? "it retains" : "they retain", bytes_text(finding.retained_bytes));
}

std::string cycle_sentence(const ReportFinding& finding, const char* judgement) {
  const char* does = counted(finding) == 1                   ? "keeps itself alive"
                     : counted(finding) == finding.instances ? "each keep themselves alive"
                                                             : "keep each other alive";
  const std::string apart = finding.instances > 1 && counted(finding) != finding.instances
                                ? fmt::format(", in {} separate cycles,", count_text(finding.instances))
                                : "";
  return fmt::format("{} {}{} through {}{}; {}", subjects(finding), does, apart, route(finding), judgement,
                     retained(finding));
}

std::string leak_sentence(const ReportFinding& finding) {
  const bool one = counted(finding) == 1;
  const int64_t lost = finding.account ? std::max<int64_t>(1, finding.account->remainder) : 1;
  return fmt::format("{} {} held by {} that nobody has: a lost release; {}", subjects(finding), one ? "is" : "are each",
                     plural(static_cast<uint64_t>(lost), "reference"), retained(finding));
}

// "[0]" of a list, "key of [0]" of a dictionary: such a reference names no field, which "[lambda x.cc:3].self" does.
bool is_place_in_container(std::string_view via) {
  if (via.starts_with("key of ")) return true;
  return via.size() >= 2 && via.front() == '[' && via.find(']') == via.size() - 1 &&
         (via[1] == ']' || via[1] == '\'' || via[1] == '-' || (via[1] >= '0' && via[1] <= '9'));
}

// "tuple[0] in Parser.words.cache": where containers hold each other, the nearest field that a person has named.
std::string last_hold(const ReportFinding& finding) {
  const ReportEdge& last = finding.path.back();
  const auto named = std::find_if(finding.path.rbegin(), finding.path.rend(), [](const ReportEdge& edge) {
    return !edge.member.empty() && !is_place_in_container(edge.via);
  });
  const std::string member = cut(last.member, 200);
  if (named == finding.path.rbegin() || named == finding.path.rend()) return member;
  return fmt::format("{} in {}", member, cut(named->member, 200));
}

// " by Cache::entries_[], below root g_cache"
std::string holder(const ReportFinding& finding) {
  if (finding.path.empty()) return "";
  const std::string root = cut(finding.path.front().from, 200);
  if (finding.path.back().member.empty()) return " by " + root;
  return fmt::format(" by {}, below root {}", last_hold(finding), root);
}

// The reference of a cycle to be made weak, where it is known who took it; else the first of which that is known.
const ReportEdge* closing_edge(const ReportFinding& finding) {
  const ReportEdge* first = nullptr;
  for (size_t i = 0; i < finding.ring; i++) {
    const ReportEdge& edge = finding.edges[i];
    if (edge.acquired.empty()) continue;
    if (edge.weaken) return &edge;
    if (first == nullptr) first = &edge;
  }
  return first;
}

// Who is to blame comes first, when it is certain.
std::string guilty(const ReportFinding& finding) {
  if (const ReportEdge* edge = closing_edge(finding); edge != nullptr)
    return frame_text(edge->acquired.front()) + " took what closes the cycle: ";
  if (finding.acquires.empty() || !finding.acquires.front().is_certain) return "";
  const ReportAcquire& worst = finding.acquires.front();
  if (worst.frames.empty()) return "";
  const std::string place = frame_text(worst.frames.front());
  if (worst.is_release) return place + " gave back a reference that it did not have: ";
  return place + (worst.is_birth ? " made what was never given back: " : " took what was never given back: ");
}

std::string growth_sentence(const ReportFinding& finding) {
  const ReportGrowth& growth = *finding.growth;
  std::string counts;
  for (const uint64_t held : growth.held)
    counts += (counts.empty() ? "" : " -> ") + (growth.is_bytes ? bytes_text(held) : count_text(held));
  if (growth.is_bytes) return fmt::format("{} grows with every snapshot: {}", growth.place, counts);
  return fmt::format("{} holds more {} with every snapshot: {} objects; with what they hold, {} more than at first",
                     growth.place, short_type(finding.subject), counts, bytes_text(growth.grown_bytes));
}

std::string sentence(const ReportFinding& finding) {
  const bool one = counted(finding) == 1;
  if (finding.rule == "unreachable-cycle") return cycle_sentence(finding, "");
  if (finding.rule == "unowned-cycle")
    return cycle_sentence(finding, one ? "; something still points to it, but nothing owns it"
                                       : "; something still points to them, but nothing owns them");
  if (finding.rule == "finalizer-in-cycle")
    return cycle_sentence(finding, "; the collector runs their finalizers in no defined order");
  if (finding.rule == "uncollectable-cycle")
    return cycle_sentence(finding, "; the collector finds the cycle and cannot free it");
  if (finding.rule == "hidden-traverse")
    return cycle_sentence(finding, "; the collector cannot see it, for a type hides what it holds");
  if (finding.rule == "resurrection")
    return fmt::format("{} came back after {} finalizer ran, which will not run again; held{}", subjects(finding),
                       one ? "its" : "their", holder(finding));
  if (finding.rule == "leaked-reference") return leak_sentence(finding);
  if (finding.rule == "unreachable-block")
    return fmt::format("{} {} lost: nothing points to {} any more; {}", subjects(finding), one ? "is" : "are",
                       one ? "it" : "them", retained(finding));
  if (finding.rule == "over-release")
    return fmt::format("{} {} more holders than counts: the last of them will use freed memory", subjects(finding),
                       one ? "has" : "have");
  if (finding.growth) return growth_sentence(finding);
  if (finding.rule == "lingering-object")
    return fmt::format("{} should be gone, but {} still held{}", subjects(finding), one ? "is" : "are",
                       holder(finding));
  if (finding.rule == "deep-destruction")
    return fmt::format("{} links of {} hang on each other{}: releasing the first may overflow the stack",
                       count_text(finding.depth), short_type(finding.subject), holder(finding));
  if (finding.rule == "weak-pinned-storage")
    return fmt::format("{} {} destroyed, but weak references keep {} memory: {}", subjects(finding), one ? "is" : "are",
                       one ? "its" : "their", bytes_text(finding.retained_bytes));
  return fmt::format("{}: {}; {}", finding.rule, subjects(finding), retained(finding));
}

}  // namespace

std::string lasting_summary(const ReportFinding& finding) {
  std::vector<std::string> types;
  for (size_t i = 0; i < finding.members.size() && i < kNamed; i++)
    types.push_back(short_type(finding.members[i].type));
  if (finding.members.size() > kNamed) types.emplace_back("more");
  std::string text = joined(types, "and");
  if (finding.ring != 0) {
    text += (types.size() == 1 ? " keeps itself alive through " : " keep each other alive through ") + route(finding);
  } else if (finding.growth) {
    text = finding.growth->place + " grows with every snapshot";
  } else {
    text += holder(finding);
    if (!finding.born.empty()) text += ", born in " + short_function(finding.born.front().function);
  }
  return printable(text);
}

std::string summarize(const ReportFinding& finding) { return printable(guilty(finding) + sentence(finding)); }

}  // namespace reftally
