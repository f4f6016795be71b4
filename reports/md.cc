// Markdown for a pull request or a ticket.
#include <fmt/format.h>

#include "reports/names.h"
#include "reports/renderers.h"

namespace reftally {
namespace {

// Inside backticks nothing else is special; a backtick in a name would end them.
std::string code(const std::string& text) {
  std::string inner = printable(text);
  for (char& c : inner)
    if (c == '`') c = '\'';
  return "`" + inner + "`";
}

std::string plain(const std::string& text) {
  std::string result;
  for (char c : printable(text)) {
    if (std::string_view("\\`*_{}[]<>#|").find(c) != std::string_view::npos) result += '\\';
    result += c;
  }
  return result;
}

std::string finding_md(const ReportFinding& finding, size_t number) {
  std::string md =
      fmt::format("### {}. {} ({})\n\n{}\n\n", number, finding.rule, finding.severity, plain(finding.summary));
  if (!finding.cycle.empty()) {
    md += "| holder | through | held | declared |\n|---|---|---|---|\n";
    for (const ReportEdge& edge : finding.cycle)
      md += fmt::format("| {} | {}{} | {} | {} |\n", code(short_type(edge.from)), code(edge.via),
                        edge.weaken ? " **weaken**" : "", code(short_type(edge.to)),
                        edge.location.empty() ? "" : code(base_name(edge.location)));
    md += "\n";
  }
  if (finding.advice)
    md += fmt::format("**{} {}**: {}.\n\n", finding.advice->safe ? "Weaken" : "Consider weakening",
                      code(finding.advice->weaken), plain(finding.advice->reason));
  if (!finding.born.empty()) {
    const ReportFrame& frame = finding.born.front();
    md += fmt::format("Born in {}.\n\n", code(frame_text({frame.function, frame.file, frame.line, frame.module})));
  }
  for (const std::string& evidence : finding.evidence) md += fmt::format("- {}\n", plain(evidence));
  return md + fmt::format("- fingerprint {}\n\n", code(finding.fingerprint));
}

}  // namespace

std::string render_md(const Report& report, const RenderOptions&) {
  std::string md = fmt::format("## Reftally: {} in {}\n\n", plural(report.findings.size(), "finding"),
                               code(base_name(report.executable)));
  for (size_t i = 0; i < report.findings.size(); i++) md += finding_md(report.findings[i], i + 1);
  for (const std::string& warning : report.warnings) md += fmt::format("> {}\n", plain(warning));
  return md;
}

}  // namespace reftally
