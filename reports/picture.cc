#include "reports/picture.h"

#include <algorithm>
#include <cstdlib>

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

double number_after(const std::string& text, std::string_view key) {
  const size_t at = text.find(key);
  return at == std::string::npos ? 0 : std::strtod(text.c_str() + at + key.size(), nullptr);
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

Picture svg_of_finding(Graphviz& graphviz, const ReportFinding& finding, bool with_caption) {
  const std::string caption = with_caption ? dot_caption(finding) : "";
  std::optional<std::string> drawn = graphviz.render(dot_of_finding(finding, caption), "svg");
  if (!drawn) drawn = graphviz.render(dot_of_finding(core_of(finding), caption), "svg");
  if (!drawn) return {};
  const size_t begin = drawn->find("<svg");
  if (begin == std::string::npos) return {};
  Picture picture;
  picture.svg = drawn->substr(begin);
  // In points, which are the user units of the drawing; within another drawing they must not be scaled.
  picture.width = number_after(picture.svg, "width=\"");
  picture.height = number_after(picture.svg, "height=\"");
  return picture;
}

}  // namespace reftally
