#include "reports/picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "reports/escape.h"
#include "reports/names.h"
#include "reports/renderers.h"

namespace reftally {

// The colours of dot.cc once more, for readers who like the dark.
const char kPictureLight[] =
    "--lost-fill:#fde8dc;--lost-line:#d55e00;--member-fill:#fdf3ec;--root-fill:#d9ecf7;--root-line:#0072b2;"
    "--owner-fill:#e6f4ef;--owner-line:#009e73;--held-fill:#f3f3f3;--held-line:#8a8a8a;--edge:#5a5a5a;--ink:#1c1c1c;"
    "--weaken:#e69f00;--weaken-ink:#8a5a00;--ring-ink:#8f3f00;--paper:#ffffff;";
const char kPictureDark[] =
    "--lost-fill:#47281a;--lost-line:#ff8f4d;--member-fill:#33241c;--root-fill:#16354a;--root-line:#5db8f0;"
    "--owner-fill:#16382d;--owner-line:#3ecf9f;--held-fill:#2c2c2c;--held-line:#8f8f8f;--edge:#b0b0b0;--ink:#ececec;"
    "--weaken:#ffb833;--weaken-ink:#ffc861;--ring-ink:#ffb38a;--paper:#1b1b1b;";
const char kPictureRules[] = R"(
.graph > polygon { fill: none; }
.graph text, .node text, .edge text { fill: var(--ink); }
.cluster > path, .cluster > polygon { stroke: var(--lost-line); } .cluster > text { fill: var(--ring-ink); }
.cycle path, .subject path { fill: var(--lost-fill); stroke: var(--lost-line); }
.member path { fill: var(--member-fill); stroke: var(--lost-line); }
.root polygon { fill: var(--root-fill); stroke: var(--root-line); }
.path path, .holder path { fill: var(--owner-fill); stroke: var(--owner-line); }
.held path { fill: var(--held-fill); stroke: var(--held-line); }
.rest path { fill: none; stroke: var(--held-line); }
.edge path { stroke: var(--edge); } .edge polygon { stroke: var(--edge); fill: var(--edge); }
.ring path { stroke: var(--lost-line); } .ring polygon { stroke: var(--lost-line); fill: var(--lost-line); }
.weaken path { stroke: var(--weaken); } .weaken polygon { stroke: var(--weaken); fill: var(--weaken); }
.weaken text { fill: var(--weaken-ink); }
)";

namespace {

constexpr double kMargin = 16;

double number_after(const std::string& text, std::string_view key) {
  const size_t at = text.find(key);
  return at == std::string::npos ? 0 : std::strtod(text.c_str() + at + key.size(), nullptr);
}

// Graphviz writes a comment with the name of each node and edge.
std::string without_comments(const std::string& svg) {
  std::string result;
  for (size_t at = 0; at < svg.size();) {
    const size_t begin = std::min(svg.find("<!--", at), svg.size());
    result.append(svg, at, begin - at);
    const size_t end = svg.find("-->", begin);
    at = end == std::string::npos ? svg.size() : svg.find_first_not_of('\n', end + 3);
  }
  return result;
}

}  // namespace

ReportFinding core_of(const ReportFinding& finding) {
  ReportFinding core = finding;
  std::vector<uint8_t> keeps(finding.nodes.size(), 0);
  for (size_t i = 0; i < finding.nodes.size(); i++)
    keeps[i] = finding.nodes[i].role != "held" && finding.nodes[i].role != "rest" && finding.nodes[i].role != "member";
  std::vector<uint32_t> row_of(finding.nodes.size(), 0);
  core.nodes.clear();
  for (size_t i = 0; i < finding.nodes.size(); i++) {
    row_of[i] = static_cast<uint32_t>(core.nodes.size());
    if (keeps[i] != 0) core.nodes.push_back(finding.nodes[i]);
  }
  std::erase_if(core.edges, [&](const ReportEdge& edge) { return !keeps[edge.from_node] || !keeps[edge.to_node]; });
  for (ReportEdge& edge : core.edges) {
    edge.from_node = row_of[edge.from_node];
    edge.to_node = row_of[edge.to_node];
  }
  return core;
}

Picture svg_of_dot(Graphviz& graphviz, const std::vector<std::string>& dots) {
  for (const std::string& dot : dots) {
    const std::optional<std::string> drawn = graphviz.render(dot, "svg");
    const size_t begin = drawn ? drawn->find("<svg") : std::string::npos;
    if (begin == std::string::npos) continue;
    Picture picture;
    picture.svg = without_comments(drawn->substr(begin));
    // In points, which are the user units of the drawing; within another drawing they must not be scaled.
    picture.width = number_after(picture.svg, "width=\"");
    picture.height = number_after(picture.svg, "height=\"");
    return picture;
  }
  return {};
}

Picture svg_of_finding(Graphviz& graphviz, const ReportFinding& finding, bool with_caption) {
  const std::string caption = with_caption ? dot_caption(finding) : "";
  return svg_of_dot(graphviz, {dot_of_finding(finding, caption), dot_of_finding(core_of(finding), caption)});
}

std::string svg_file(const Report& report, const std::vector<Picture>& pictures, const std::string& last) {
  std::string body;
  double width = 200, y = kMargin;
  for (const Picture& picture : pictures) {
    if (picture.svg.empty()) continue;
    body += fmt::format("<svg x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" {}", kMargin, y, picture.width,
                        picture.height, picture.svg.substr(picture.svg.find("viewBox")));
    width = std::max(width, picture.width);
    y += picture.height + 2 * kMargin;
  }
  if (!last.empty()) body += fmt::format("<text x=\"{}\" y=\"{}\">{}</text>\n", kMargin, y + 14, escape_html(last));
  y += last.empty() ? 0 : 2 * kMargin;
  const double full = width + 2 * kMargin;
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" "
      "xmlns:xlink=\"http://www.w3.org/1999/xlink\" width=\"{0:.0f}pt\" height=\"{1:.0f}pt\" "
      "viewBox=\"0 0 {0:.0f} {1:.0f}\">\n<title>{2}</title>\n<style>svg {{ {3} font: 12px Helvetica, sans-serif; }}\n"
      "@media (prefers-color-scheme: dark) {{ svg {{ {4} }} }}\n"
      "@supports (fill: var(--paper)) {{ .paper {{ fill: var(--paper); }}\ntext {{ fill: var(--ink); }}{5} }}</style>\n"
      "<rect class=\"paper\" width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n{6}</svg>\n",
      full, y, escape_html("Reftally: " + base_name(report.executable)), kPictureLight, kPictureDark, kPictureRules,
      body);
}

}  // namespace reftally
