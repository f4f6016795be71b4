// For a terminal: one block a finding, worst first, 80 columns, colour only when asked.
#include <fmt/format.h>

#include <algorithm>

#include "reports/names.h"
#include "reports/renderers.h"

namespace reftally {
namespace {

class TextReport {
 public:
  explicit TextReport(const RenderOptions& options) : options_(options) {}

  std::string run(const Report& report) {
    header(report);
    for (size_t i = 0; i < report.findings.size(); i++) finding(report.findings[i], i + 1);
    footer(report);
    return std::move(out_);
  }

 private:
  enum Style { kPlain, kBold, kDim, kRed, kYellow, kCyan };

  std::string styled(Style style, const std::string& text) const {
    static constexpr const char* kCodes[] = {"", "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[33m", "\x1b[36m"};
    return options_.colour && style != kPlain ? kCodes[style] + text + "\x1b[0m" : text;
  }

  void line(const std::string& text = {}) { out_ += text + "\n"; }

  // Wraps at spaces; a word longer than the line stands alone.
  void paragraph(const std::string& text, size_t indent, Style style = kPlain) {
    const std::string margin(indent, ' ');
    std::string current;
    for (size_t begin = 0; begin <= text.size();) {
      const size_t end = std::min(text.find(' ', begin), text.size());
      const std::string word = text.substr(begin, end - begin);
      if (!current.empty() && indent + current.size() + 1 + word.size() > options_.width) {
        line(margin + styled(style, current));
        current.clear();
      }
      current += (current.empty() ? "" : " ") + word;
      begin = end + 1;
    }
    if (!current.empty()) line(margin + styled(style, current));
  }

  void header(const Report& report) {
    const ReportTotals& totals = report.totals;
    line(fmt::format("{} (pid {}), {}", printable(report.executable), report.pid, printable(report.reason)));
    line(fmt::format("{} ({}) in {}, {} counted objects, {} references", plural(totals.blocks, "block"),
                     bytes_text(totals.bytes), plural(totals.objects, "object"), count_text(totals.counted_objects),
                     count_text(totals.references)));
    if (totals.counted_objects != 0)
      line(fmt::format(
          "counts explained: {} of {} ({:.2f} %)", count_text(totals.explained_objects),
          count_text(totals.counted_objects),
          100.0 * static_cast<double>(totals.explained_objects) / static_cast<double>(totals.counted_objects)));
    line();
  }

  void finding(const ReportFinding& found, size_t number) {
    const Style style = found.severity == "error" ? kRed : found.severity == "warning" ? kYellow : kCyan;
    line(styled(style, fmt::format("{}. {}: {}", number, found.severity, found.rule)) +
         styled(kDim, fmt::format("  [{}]", found.fingerprint)));
    paragraph(found.summary, 3, kBold);
    if (!found.cycle.empty()) cycle(found);
    if (!found.path.empty()) path(found);
    account(found);
    born(found);
    advice(found);
    for (const std::string& evidence : found.evidence) paragraph("- " + printable(evidence), 3, kDim);
    line();
  }

  std::string arrow(const ReportEdge& edge) const {
    std::string text = member_text(short_type(edge.from), edge.via, edge.dotted);
    std::string notes;
    if (!edge.location.empty()) notes += fmt::format(" {}", base_name(edge.location));
    if (edge.kind != "strong") notes += fmt::format(" [{}]", edge.kind);
    if (edge.certainty != "exact") notes += fmt::format(" [{}]", edge.certainty);
    return printable(text) + styled(kDim, printable(notes)) +
           (edge.weaken ? styled(kYellow, "  <- weaken this one") : "");
  }

  //   ┌─> Session
  //   │     handler_ -> …
  //   └── back to Session
  void cycle(const ReportFinding& found) {
    line();
    for (size_t i = 0; i < found.cycle.size(); i++) {
      const ReportEdge& edge = found.cycle[i];
      line(fmt::format("   {} {}{}", i == 0 ? "┌─>" : "│  ", printable(short_type(edge.from)),
                       node_note(found, edge.from_node)));
      line(fmt::format("   │     {}", arrow(edge)));
    }
    line(fmt::format("   └── {}", printable(short_type(found.cycle.back().to))));
    line();
  }

  std::string node_note(const ReportFinding& found, uint32_t node) const {
    if (node >= found.nodes.size() || !found.nodes[node].strong_count) return "";
    return styled(kDim, fmt::format("  (strong count {})", *found.nodes[node].strong_count));
  }

  void path(const ReportFinding& found) {
    line();
    for (const ReportEdge& edge : found.path) {
      if (edge.via.empty())
        line(fmt::format("   root {}", printable(edge.from)));
      else
        line(fmt::format("     {}", arrow(edge)));
    }
    line(fmt::format("     = {}", printable(short_type(found.path.back().to))));
    line();
  }

  void account(const ReportFinding& found) {
    if (!found.account || !found.cycle.empty()) return;  // the evidence of a cycle says it in words
    line(fmt::format("   strong count {} = {} in the heap + {} from roots + {} unexplained",
                     found.account->strong_count, found.account->heap_references, found.account->root_references,
                     found.account->remainder));
  }

  void born(const ReportFinding& found) {
    constexpr size_t kFrames = 4;
    for (size_t i = 0; i < found.born.size() && i < kFrames; i++) {
      const ReportFrame& frame = found.born[i];
      line(fmt::format("   {} {}", i == 0 ? "born in" : "     by",
                       printable(frame_text({frame.function, frame.file, frame.line, frame.module}))));
    }
  }

  void advice(const ReportFinding& found) {
    if (!found.advice) return;
    paragraph(fmt::format("{}: {}; that breaks {} and frees {}{}",
                          printable(found.advice->safe ? "weaken" : "consider weakening"),
                          printable(found.advice->weaken), plural(found.advice->breaks, "instance"),
                          bytes_text(found.advice->frees_bytes), ": " + printable(found.advice->reason)),
              3, kBold);
  }

  void footer(const Report& report) {
    for (const std::string& warning : report.warnings) paragraph("note: " + printable(warning), 0, kDim);
    if (!report.suppressed.empty()) line(fmt::format("{} suppressed", plural(report.suppressed.size(), "finding")));
    line(report.findings.empty() ? "no findings" : plural(report.findings.size(), "finding"));
  }

  const RenderOptions& options_;
  std::string out_;
};

}  // namespace

std::string render_text(const Report& report, const RenderOptions& options) { return TextReport(options).run(report); }

}  // namespace reftally
