// One self-contained page: no script, no network. Findings are <details>, so that a browser's own search and keyboard
// work; pictures are inline SVG; light and dark follow the reader's system.
#include <fmt/format.h>

#include "reports/escape.h"
#include "reports/names.h"
#include "reports/picture.h"
#include "reports/renderers.h"

namespace reftally {
namespace {

constexpr size_t kPictures = 100;  // findings with a picture; the rest have their text

constexpr char kStyle[] = R"(
:root { color-scheme: light dark; --text: #1c1c1c; --soft: #626262; --page: #fafafa; --card: #fff; --line: #ddd;
  --error: #b84400; --warning: #8a6100; --note: #00618f; --picture: #fff; }
@media (prefers-color-scheme: dark) { :root { --text: #e6e6e6; --soft: #a2a2a2; --page: #161616; --card: #202020;
  --line: #3a3a3a; --error: #ff9a5c; --warning: #ffc64d; --note: #6cc5f0; --picture: #f4f4f4; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1000px; margin: 0 auto; padding: 24px 16px 64px; }
h1 { font-size: 22px; margin: 0 0 4px; overflow-wrap: anywhere; }
.facts { color: var(--soft); margin: 0 0 20px; }
.finding { background: var(--card); border: 1px solid var(--line); border-radius: 8px; margin: 12px 0; }
.finding > summary { cursor: pointer; padding: 12px 16px; list-style-position: outside; overflow-wrap: anywhere; }
.finding > div { padding: 0 16px 16px; }
.rule { font-weight: 600; } .error { color: var(--error); } .warning { color: var(--warning); } .note { color: var(--note); }
.picture { background: var(--picture); border-radius: 6px; overflow: auto; padding: 8px; text-align: center; }
.picture svg { max-width: 100%; height: auto; }
table { border-collapse: collapse; width: 100%; margin: 12px 0; font-size: 14px; }
th, td { text-align: left; padding: 4px 10px 4px 0; border-bottom: 1px solid var(--line); vertical-align: top;
  overflow-wrap: anywhere; }
th { color: var(--soft); font-weight: 500; }
code { font: 13px/1.4 ui-monospace, monospace; }
.advice { border-left: 4px solid #e69f00; padding: 6px 12px; margin: 12px 0; }
.soft { color: var(--soft); }
@media print { .finding { break-inside: avoid; } }
)";

std::string code(const std::string& text) { return "<code>" + escape_html(text) + "</code>"; }

std::string picture(Graphviz& graphviz, const ReportFinding& finding) {
  const Picture drawn = svg_of_finding(graphviz, finding, false);
  return drawn.svg.empty() ? "" : "<div class=picture>" + drawn.svg + "</div>\n";
}

std::string edge_table(const std::vector<ReportEdge>& edges) {
  if (edges.empty()) return "";
  std::string html = "<table><tr><th>holder<th>through<th>held<th>kind<th>declared\n";
  for (const ReportEdge& edge : edges)
    html += fmt::format("<tr><td>{}<td>{}{}<td>{}<td>{}{}<td>{}\n", code(short_type(edge.from)), code(edge.via),
                        edge.weaken ? " <b class=warning>weaken</b>" : "", code(short_type(edge.to)),
                        escape_html(edge.kind), edge.certainty == "exact" ? "" : ", " + escape_html(edge.certainty),
                        code(base_name(edge.location)));
  return html + "</table>\n";
}

std::string born_table(const ReportFinding& finding) {
  if (finding.born.empty()) return "";
  std::string html = "<table><tr><th>born in<th>at\n";
  for (const ReportFrame& frame : finding.born)
    html += fmt::format("<tr><td>{}<td>{}\n", code(short_type(frame.function, 100)),
                        frame.file.empty() ? "" : code(fmt::format("{}:{}", frame.file, frame.line)));
  return html + "</table>\n";
}

std::string account_text(const ReportFinding& finding) {
  if (!finding.account) return "";
  return fmt::format("<p>strong count <b>{}</b> = {} in the heap + {} from roots + {} unexplained</p>\n",
                     finding.account->strong_count, finding.account->heap_references, finding.account->root_references,
                     finding.account->remainder);
}

std::string advice_text(const ReportFinding& finding) {
  if (!finding.advice) return "";
  const ReportAdvice& advice = *finding.advice;
  return fmt::format("<p class=advice><b>{} {}</b>: {}. Breaks {}, frees {}.</p>\n",
                     advice.safe ? "Weaken" : "Consider weakening", code(advice.weaken), escape_html(advice.reason),
                     plural(advice.breaks, "instance"), bytes_text(advice.frees_bytes));
}

std::string finding_html(Graphviz& graphviz, const ReportFinding& finding, size_t number) {
  std::string html = fmt::format(
      "<details class=finding id=\"f-{}\"{}><summary><span class=\"rule {}\">{}. {}</span> {}</summary><div>\n",
      finding.fingerprint, number <= 3 ? " open" : "", finding.severity, number, finding.rule,
      escape_html(finding.summary));
  if (number <= kPictures) html += picture(graphviz, finding);
  html += advice_text(finding) + edge_table(finding.cycle) + edge_table(finding.path) + account_text(finding) +
          born_table(finding);
  html += "<ul class=soft>\n";
  for (const std::string& evidence : finding.evidence) html += "<li>" + escape_html(evidence) + "\n";
  html += fmt::format("<li>fingerprint {}\n</ul></div></details>\n", code(finding.fingerprint));
  return html;
}

}  // namespace

std::string render_html(const Report& report, const RenderOptions&) {
  Graphviz graphviz;
  const ReportTotals& totals = report.totals;
  std::string html =
      "<!doctype html>\n<html lang=en><meta charset=utf-8>\n<meta name=viewport content=\"width=device-width\">\n";
  html += fmt::format("<title>Reftally: {}</title>\n<style>{}</style>\n<main>\n",
                      escape_html(base_name(report.executable)), kStyle);
  html += fmt::format("<h1>{} in {}</h1>\n", plural(report.findings.size(), "finding"),
                      escape_html(base_name(report.executable)));
  html += fmt::format("<p class=facts>{}, pid {}, {}. {} ({}); {} of {} counts explained; {} unreachable.</p>\n",
                      escape_html(report.command_line), report.pid, escape_html(report.reason),
                      plural(totals.blocks, "block"), bytes_text(totals.bytes), count_text(totals.explained_objects),
                      count_text(totals.counted_objects), bytes_text(totals.unreachable_bytes));
  for (size_t i = 0; i < report.findings.size(); i++) html += finding_html(graphviz, report.findings[i], i + 1);
  if (report.findings.empty()) html += "<p>Nothing to report: every object is owned.</p>\n";
  for (const std::string& warning : report.warnings) html += "<p class=soft>" + escape_html(warning) + "</p>\n";
  return html + "</main></html>\n";
}

}  // namespace reftally
