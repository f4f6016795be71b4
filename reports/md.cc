// Markdown for a pull request or a ticket.
#include <fmt/format.h>

#include <algorithm>

#include "reports/escape.h"
#include "reports/names.h"
#include "reports/renderers.h"

namespace reftally {
namespace {

std::string node_cell(const ReportNode& node) {
  if (node.elided) return fmt::format("… {} more {}", count_text(node.count), markdown_code(short_type(node.type)));
  return (node.count > 1 ? count_text(node.count) + " × " : "") + markdown_code(short_type(node.type));
}

bool tells_who_took(const ReportFinding& finding) {
  return std::any_of(finding.edges.begin(), finding.edges.begin() + finding.ring,
                     [](const ReportEdge& edge) { return !edge.acquired.empty(); });
}

std::string edge_row(const ReportFinding& finding, const ReportEdge& edge, bool with_taker) {
  const std::string taker =
      edge.acquired.empty() ? std::string() : markdown_code(cut(frame_text(edge.acquired.front()), 200));
  return fmt::format("| {} | {}{} | {} | {} |{}\n", node_cell(finding.nodes[edge.from_node]),
                     markdown_code(cut(edge.via, 300)), edge.weaken ? " **mend here**" : "",
                     node_cell(finding.nodes[edge.to_node]), markdown_code(base_name(edge.location)),
                     with_taker ? fmt::format(" {} |", taker) : "");
}

std::string holder_cell(const ReportEdge& edge) {
  if (edge.left_out != 0)
    return fmt::format("… {} more {}", count_text(edge.left_out), markdown_code(short_type(edge.from)));
  return markdown_code(short_type(edge.from));
}

// Who holds what should be gone, from the root on.
std::string path_md(const std::vector<ReportEdge>& path) {
  std::string md = "| holder | through | held | declared |\n|---|---|---|---|\n";
  for (size_t i = 0; i < path.size(); i++) {
    const ReportEdge& edge = path[i];
    md += fmt::format(
        "| {} | {}{} | {} | {} |\n", i == 0 ? "root " + markdown_code(cut(edge.from, 300)) : holder_cell(edge),
        edge.via.empty() ? "" : markdown_code(cut(edge.via, 300)), edge.last_hold ? " **still held here**" : "",
        markdown_code(short_type(edge.to)), edge.location.empty() ? "" : markdown_code(base_name(edge.location)));
  }
  return md + "\n";
}

std::string finding_md(const ReportFinding& finding, size_t number) {
  std::string md = fmt::format("### {}. {} ({})\n\n{}\n\n", number, finding.rule, finding.severity,
                               escape_markdown(finding.summary));
  if (finding.ring != 0) {
    const bool with_taker = tells_who_took(finding);
    md += fmt::format("| holder | through | held | declared |{}\n|---|---|---|---|{}\n",
                      with_taker ? " taken by |" : "", with_taker ? "---|" : "");
    for (size_t i = 0; i < finding.ring; i++) md += edge_row(finding, finding.edges[i], with_taker);
    md += "\n";
  } else if (!finding.path.empty()) {
    md += path_md(finding.path);
  }
  if (finding.advice)
    md += fmt::format("**{}: {}**: {}.\n\n", finding.advice->safe ? "Fix" : "Maybe",
                      escape_markdown(finding.advice->action), escape_markdown(finding.advice->reason));
  if (!finding.born.empty()) {
    const ReportFrame& frame = finding.born.front();
    md += fmt::format("Born in {}.\n\n", markdown_code(frame_text(frame)));
  }
  for (const std::string& evidence : finding.evidence) md += fmt::format("- {}\n", escape_markdown(evidence));
  return md + fmt::format("- fingerprint {}\n\n", markdown_code(finding.fingerprint));
}

}  // namespace

std::string render_md(const Report& report, const RenderOptions& options) {
  std::string md = fmt::format("## Reftally: {} in {}\n\n", plural(report.findings.size(), "finding"),
                               markdown_code(base_name(report.executable)));
  const size_t all = report.findings.size();
  for (size_t i = 0; i < all && i < options.top; i++) md += finding_md(report.findings[i], i + 1);
  if (all > options.top) md += left_out_text(report, options.top) + "\n\n";
  for (const std::string& warning : report.warnings) md += fmt::format("> {}\n", escape_markdown(warning));
  return md;
}

}  // namespace reftally
