// SVG, PDF and PNG, all drawn by Graphviz. An SVG has the worst findings one below the other and follows the reader's
// light or dark; a page of PDF or PNG has one.
#include <fmt/format.h>

#include <algorithm>

#include "analyzer/base/error.h"
#include "reports/names.h"
#include "reports/picture.h"
#include "reports/renderers.h"

namespace reftally {
namespace {

constexpr size_t kMostPictures = 12;

constexpr char kNothing[] = "digraph none { bgcolor=white; none [label=\"no findings\", shape=plaintext]; }";

std::string one_page(const Report& report, const char* format) {
  Graphviz graphviz;
  if (report.findings.empty()) return graphviz.render(kNothing, format).value_or("");
  const ReportFinding& finding = report.findings.front();
  const auto on_white = [](std::string dot) {
    return dot.replace(dot.find("bgcolor=\"transparent\""), 21, "bgcolor=\"white\"; pad=0.3");
  };
  std::string caption = dot_caption(finding);
  if (const size_t others = report.findings.size() - 1; others > 0)
    caption += fmt::format("The worst of {} findings: svg draws more, html all.\\l", count_text(others + 1));
  std::optional<std::string> page = graphviz.render(on_white(dot_of_finding(finding, caption)), format);
  if (!page) page = graphviz.render(on_white(dot_of_finding(core_of(finding), caption)), format);
  if (!page) throw Error(fmt::format("Graphviz cannot draw {}: is its library complete (package libgvc6)?", format));
  return *page;
}

}  // namespace

std::string render_svg(const Report& report, const RenderOptions&) {
  Graphviz graphviz;
  std::vector<Picture> pictures;
  const size_t shown = std::min(report.findings.size(), kMostPictures);
  for (size_t i = 0; i < shown; i++) pictures.push_back(svg_of_finding(graphviz, report.findings[i], true));
  const size_t left = report.findings.size() - shown;
  return svg_file(report, pictures,
                  report.findings.empty() ? "no findings"
                  : left > 0              ? plural(left, "more finding")
                                          : "");
}

std::string render_pdf(const Report& report, const RenderOptions&) { return one_page(report, "pdf"); }
std::string render_png(const Report& report, const RenderOptions&) { return one_page(report, "png:cairo"); }

}  // namespace reftally
