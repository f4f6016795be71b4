// For a terminal: one block a finding, worst first, 80 columns, colour only when asked.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "reports/escape.h"
#include "reports/names.h"
#include "reports/reference_text.h"
#include "reports/renderers.h"

namespace reftally {
namespace {

enum class Style { kPlain, kBold, kDim, kRed, kYellow, kCyan };

constexpr size_t kBirthFrames = 4;
constexpr size_t kHolders = 5;
constexpr size_t kAcquires = 3;
constexpr size_t kOneScreen = 3;    // findings
constexpr size_t kLabelWidth = 10;  // "Account   "

std::string broken_cycles(uint64_t broken, uint64_t all) {
  if (broken < all) return fmt::format("{} of the {} cycles", count_text(broken), count_text(all));
  return all == 1 ? "the cycle" : fmt::format("all {} cycles", count_text(all));
}

// "12 errors, 280 warnings"
std::string severities_text(const Report& report) {
  std::string text;
  for (const char* severity : {"error", "warning", "note"}) {
    const auto count = std::count_if(report.findings.begin(), report.findings.end(),
                                     [&](const ReportFinding& finding) { return finding.severity == severity; });
    if (count != 0) text += (text.empty() ? "" : ", ") + plural(static_cast<uint64_t>(count), severity);
  }
  return text;
}

class TextReport {
 public:
  explicit TextReport(const RenderOptions& options) : options_(options) {}

  std::string run(const Report& report) {
    header(report);
    for (size_t i = 0; i < report.findings.size() && i < options_.top; i++) finding(report.findings[i], i + 1);
    footer(report);
    return std::move(out_);
  }

 private:
  std::string styled(Style style, const std::string& text) const {
    static constexpr const char* kCodes[] = {"", "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[33m", "\x1b[36m"};
    return options_.colour && style != Style::kPlain && !text.empty()
               ? kCodes[static_cast<size_t>(style)] + text + "\x1b[0m"
               : text;
  }

  void line(const std::string& text = {}) { out_ += text + "\n"; }

  // Wraps at spaces; a word longer than the line stands alone. `first` stands before the first line, in the margin.
  void paragraph(const std::string& text, size_t indent, Style style = Style::kPlain, const std::string& first = {}) {
    const std::string margin(indent, ' ');
    std::string current, before = first.empty() ? margin : first;
    const std::string words = printable(text);
    for (size_t begin = 0; begin <= words.size();) {
      const size_t end = std::min(words.find(' ', begin), words.size());
      const std::string word = words.substr(begin, end - begin);
      if (!current.empty() && indent + display_width(current) + 1 + display_width(word) > options_.width) {
        line(before + styled(style, current));
        before = margin;
        current.clear();
      }
      current += (current.empty() ? "" : " ") + word;
      begin = end + 1;
    }
    if (!current.empty()) line(before + styled(style, current));
  }

  // "   Fix       make …", with the text wrapped behind the label
  void labelled(const char* label, const std::string& text, Style style = Style::kPlain) {
    const std::string first = "   " + styled(Style::kDim, fmt::format("{:<{}}", label, kLabelWidth));
    paragraph(text, 3 + kLabelWidth, style, first);
  }

  // Text at the left and a dim note at the right, when there is room for it on the line.
  void with_note(const std::string& left, const std::string& note) {
    constexpr size_t kColumn = 44;
    const size_t width = display_width(left);
    if (note.empty()) return line(left);
    const std::string gap(width + 2 > kColumn ? 2 : kColumn - width, ' ');
    if (width + gap.size() + display_width(note) > options_.width) {
      line(left);
      return line(std::string(std::min(kColumn, options_.width - std::min(options_.width, display_width(note))), ' ') +
                  styled(Style::kDim, note));
    }
    line(left + gap + styled(Style::kDim, note));
  }

  void header(const Report& report) {
    const ReportTotals& totals = report.totals;
    paragraph(fmt::format("{} (pid {}), {}", report.executable, report.pid, report.reason), 0, Style::kBold);
    std::string facts = fmt::format("{}, {}", plural(totals.blocks, "block"), bytes_text(totals.bytes));
    if (totals.counted_objects != 0)
      facts += fmt::format("; {} of {} explained", count_text(totals.explained_objects),
                           plural(totals.counted_objects, "counted object"));
    if (totals.audited_objects != 0)
      facts += fmt::format("; events and memory agree on {} of {}", count_text(totals.agreeing_objects),
                           count_text(totals.audited_objects));
    if (totals.has_collector)
      facts += fmt::format(" ({} by structure, {} with words of memory)",
                           percent_text(totals.explained_by_structure, totals.counted_objects),
                           percent_text(totals.explained_with_words, totals.counted_objects));
    if (totals.waiting_objects != 0)
      facts += fmt::format("; {} ({}) for the cycle collector to free", plural(totals.waiting_objects, "object"),
                           bytes_text(totals.waiting_bytes));
    paragraph(facts, 0);
    unexplained(report);
    line();
  }

  // Why accounts do not close: a line a cause, with the type it is most often met in.
  void unexplained(const Report& report) {
    std::map<std::string, ReportUnexplained> causes;
    for (const ReportUnexplained& row : report.unexplained) {
      auto [found, added] = causes.try_emplace(row.cause, row);
      if (!added) found->second.objects += row.objects;
    }
    for (const auto& [cause, row] : causes)
      paragraph(fmt::format("{} not explained: {}; such as {} {}", count_text(row.objects), cause, short_type(row.type),
                            row.example),
                5, Style::kDim, "   - ");
  }

  void finding(const ReportFinding& found, size_t number) {
    const Style style = found.severity == "error"     ? Style::kRed
                        : found.severity == "warning" ? Style::kYellow
                                                      : Style::kCyan;
    verb_ = found.advice ? found.advice->verb : "";
    line(styled(style, fmt::format("{}. {}: {}", number, found.severity, found.rule)) +
         styled(Style::kDim, fmt::format("  [{}]", found.fingerprint)));
    paragraph(found.summary, 3, Style::kBold);
    line();
    if (found.ring != 0) cycle(found);
    if (!found.path.empty()) path(found);
    advice(found);
    acquires(found);
    account(found);
    born(found);
    why(found);
    line();
  }

  static std::string node_text(const ReportNode& node) {
    if (node.elided) return fmt::format("… {} more {}", count_text(node.count), short_type(node.type));
    const std::string type = short_type(node.type);
    return printable(node.count > 1 ? fmt::format("{} × {}", count_text(node.count), type) : type);
  }

  static std::string count_note(const ReportNode& node) {
    if (!node.account || node.elided) return "";
    std::string note =
        node.most_strong > node.account->strong_count && node.count > 1
            ? fmt::format("strong counts up to {}", count_text(static_cast<uint64_t>(node.most_strong)))
            : fmt::format("strong count {}", count_text(static_cast<uint64_t>(node.account->strong_count)));
    if (node.remainder != 0) note += fmt::format(", {} unexplained", node.remainder);
    return note;
  }

  static std::string edge_note(const ReportEdge& edge) {
    std::string note = printable(base_name(edge.location));
    if (edge.kind != "strong") note += (note.empty() ? "" : ", ") + edge.kind;
    if (edge.certainty == "counted") note += note.empty() ? "told by counts" : ", told by counts";
    return note;
  }

  void edge(const char* rail, const ReportEdge& shown) {
    const std::string member = printable(shown.via.empty() ? "(no name)" : short_way(shown.member, 300));
    with_note(
        fmt::format("{}{}", rail, styled(shown.weaken || shown.last_hold ? Style::kYellow : Style::kPlain, member)),
        edge_note(shown));
    if (!shown.acquired.empty())
      line(rail + styled(Style::kDim, "taken by " + printable(frame_text(shown.acquired.front()))));
    if (shown.last_hold) line(rail + styled(Style::kYellow, "^ still held here"));
    if (shown.weaken && !verb_.empty())
      line(rail + styled(Style::kYellow, fmt::format("^ {}", std::exchange(verb_, ""))));
  }

  //   ╭─▶ Session
  //   │     Session::handler_ -> [lambda session.cpp:42].self     session.h:18
  //   ╰── back to Session
  void cycle(const ReportFinding& found) {
    for (size_t i = 0; i < found.ring; i++) {
      const ReportNode& node = found.nodes[found.edges[i].from_node];
      with_note(fmt::format("   {} {}", i == 0 ? "╭─▶" : "│  ", node_text(node)), count_note(node));
      edge("   │     ", found.edges[i]);
    }
    line(fmt::format("   ╰── back to {}", node_text(found.nodes[found.edges[0].from_node])));
    line();
  }

  void path(const ReportFinding& found) {
    with_note(fmt::format("   root {}", printable(cut(found.path.front().from, 200))), "");
    for (size_t i = 1; i < found.path.size(); i++) {
      const uint64_t left_out = found.path[i].left_out;
      const std::string more = left_out == 0 ? "" : fmt::format("… {} more ", count_text(left_out));
      line(fmt::format("   -> {}{}", more, printable(short_type(found.path[i].from))));
      edge("        ", found.path[i]);
    }
    line(fmt::format("   -> {}", printable(short_type(found.path.back().to))));
    line();
  }

  static std::string sum_text(const ReportAccount& sum) {
    if (!sum.sentence.empty()) return sum.sentence;
    const std::string rest =
        sum.remainder < 0 ? fmt::format(", which is {} too many", count_text(static_cast<uint64_t>(-sum.remainder)))
                          : fmt::format(" + {} unexplained", sum.remainder);
    return fmt::format("strong count {} = {} in the heap + {} from roots{}", sum.strong_count, sum.heap_references,
                       sum.root_references, rest);
  }

  // The sum that the finding is about, and who pays for it where no cycle shows it.
  void account(const ReportFinding& found) {
    if (!found.account) return;
    labelled("Account", fmt::format("{}: {}", short_type(found.subject), sum_text(*found.account)));
    if (found.ring != 0) return;
    for (size_t i = 0; i < found.holders.size() && i < kHolders; i++) {
      const ReportHolder& holder = found.holders[i];
      labelled("", fmt::format("{} × {} ({})", count_text(holder.count), cut(holder.member, 200), holder.kind));
    }
    if (found.holders.size() > kHolders) labelled("", fmt::format("and {} more", found.holders.size() - kHolders));
  }

  static const char* acquire_label(const ReportAcquire& acquire) {
    if (acquire.is_release) return "Released";
    return acquire.is_certain ? "Taken" : "Maybe";
  }

  // Most to blame first: a call stack each.
  void acquires(const ReportFinding& found) {
    for (size_t i = 0; i < found.acquires.size() && i < kAcquires; i++) {
      const ReportAcquire& acquire = found.acquires[i];
      const char* const born = acquire.units == 1 ? ", with which it was born, in" : ", with which they were born, in";
      const std::string what = plural(acquire.units, "reference") + (acquire.is_birth ? born : " by");
      for (size_t frame = 0; frame < acquire.frames.size() && frame < kBirthFrames; frame++) {
        const std::string text = printable(frame_text(acquire.frames[frame]));
        labelled(frame == 0 ? acquire_label(acquire) : "", frame == 0 ? what + " " + text : text,
                 frame == 0 ? Style::kBold : Style::kPlain);
      }
    }
    if (found.acquires.size() > kAcquires) labelled("", fmt::format("and {} more", found.acquires.size() - kAcquires));
  }

  void born(const ReportFinding& found) {
    for (size_t i = 0; i < found.born.size() && i < kBirthFrames; i++) {
      const std::string place = place_text(found.born[i]);
      labelled(i == 0 ? "Born" : "", short_function(found.born[i].function) + (place.empty() ? "" : "  " + place));
    }
  }

  void advice(const ReportFinding& found) {
    if (!found.advice) return;
    const ReportAdvice& advice = *found.advice;
    labelled(advice.safe ? "Fix" : "Maybe", action_text(advice) + ": " + advice.reason, Style::kBold);
    labelled("", fmt::format("That breaks {} and frees {}.", broken_cycles(advice.breaks, found.instances),
                             bytes_text(advice.frees_bytes)));
  }

  void why(const ReportFinding& found) {
    const bool sum_is_told = found.account && !found.account->sentence.empty();
    for (size_t first = sum_is_told ? 1 : 0, i = first; i < found.evidence.size(); i++)
      labelled(i == first ? "Why" : "", found.evidence[i], Style::kDim);
  }

  void footer(const Report& report) {
    for (const std::string& warning : report.warnings) paragraph("note: " + warning, 0, Style::kDim);
    if (!report.suppressed.empty()) line(fmt::format("{} suppressed", plural(report.suppressed.size(), "finding")));
    const size_t all = report.findings.size();
    if (all > options_.top) line(left_out_text(report, options_.top));
    if (all <= kOneScreen) return line(all == 0 ? "no findings" : plural(all, "finding"));
    line(fmt::format("{}: {}", plural(all, "finding"), severities_text(report)));
    worst(report.findings.front());
  }

  // The first finding once more, for it has scrolled away.
  void worst(const ReportFinding& found) {
    labelled("Worst", "1. " + found.summary, Style::kBold);
    if (found.advice) labelled(found.advice->safe ? "Fix" : "Maybe", action_text(*found.advice));
  }

  const RenderOptions& options_;
  std::string out_;
  std::string verb_;  // what to do with the member to weaken; empty once it has been pointed at in this finding
};

}  // namespace

std::string render_text(const Report& report, const RenderOptions& options) { return TextReport(options).run(report); }

}  // namespace reftally
