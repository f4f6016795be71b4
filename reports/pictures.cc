// SVG, PDF and PNG, all drawn by Graphviz. An SVG has the worst findings one below the other and follows the reader's
// light or dark; a page of PDF or PNG has one.
#include <fmt/format.h>

#include <algorithm>

#include "analyzer/base/error.h"
#include "reports/escape.h"
#include "reports/names.h"
#include "reports/picture.h"
#include "reports/renderers.h"

namespace reftally {
namespace {

constexpr size_t kMostPictures = 12;
constexpr double kMargin = 16;

constexpr char kNothing[] = "digraph none { bgcolor=white; none [label=\"no findings\", shape=plaintext]; }";

std::string one_page(const Report& report, const char* format) {
  Graphviz graphviz;
  if (report.findings.empty()) return graphviz.render(kNothing, format).value_or("");
  const ReportFinding& finding = report.findings.front();
  const auto on_white = [](std::string dot) {
    return dot.replace(dot.find("bgcolor=\"transparent\""), 21, "bgcolor=\"white\", pad=0.3");
  };
  std::optional<std::string> page = graphviz.render(on_white(dot_of_finding(finding, dot_caption(finding))), format);
  if (!page) page = graphviz.render(on_white(dot_of_finding(core_of(finding), dot_caption(finding))), format);
  if (!page) throw Error(fmt::format("Graphviz cannot draw {}: is its library complete (package libgvc6)?", format));
  return *page;
}

}  // namespace

std::string render_svg(const Report& report, const RenderOptions&) {
  Graphviz graphviz;
  std::string body;
  double width = 200, y = kMargin;
  const size_t shown = std::min(report.findings.size(), kMostPictures);
  for (size_t i = 0; i < shown; i++) {
    const Picture picture = svg_of_finding(graphviz, report.findings[i], true);
    if (picture.svg.empty()) continue;
    body += fmt::format("<svg x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" {}", kMargin, y, picture.width,
                        picture.height, picture.svg.substr(picture.svg.find("viewBox")));
    width = std::max(width, picture.width);
    y += picture.height + 2 * kMargin;
  }
  const size_t left = report.findings.size() - shown;
  const std::string last = report.findings.empty() ? "no findings" : plural(left, "more finding");
  if (left > 0 || report.findings.empty())
    body += fmt::format("<text x=\"{}\" y=\"{}\">{}</text>\n", kMargin, y + 14, last);
  y += left > 0 || report.findings.empty() ? 2 * kMargin : 0;
  const double full = width + 2 * kMargin;
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" "
      "xmlns:xlink=\"http://www.w3.org/1999/xlink\" width=\"{0:.0f}pt\" height=\"{1:.0f}pt\" "
      "viewBox=\"0 0 {0:.0f} {1:.0f}\">\n<title>{2}</title>\n<style>svg {{ {3} font: 12px Helvetica, sans-serif; }}\n"
      "@media (prefers-color-scheme: dark) {{ svg {{ {4} }} }}\n.paper {{ fill: var(--paper); }}\n"
      "text {{ fill: var(--ink); }}{5}</style>\n<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n{6}</svg>\n",
      full, y, escape_html("Reftally: " + base_name(report.executable)), kPictureLight, kPictureDark, kPictureRules,
      body);
}

std::string render_pdf(const Report& report, const RenderOptions&) { return one_page(report, "pdf"); }
std::string render_png(const Report& report, const RenderOptions&) { return one_page(report, "png:cairo"); }

}  // namespace reftally
