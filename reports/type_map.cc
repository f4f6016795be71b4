#include "reports/type_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "reports/escape.h"
#include "reports/names.h"
#include "reports/picture.h"
#include "reports/renderers.h"

namespace reftally {
namespace {

// The heavier a type, the darker: one hue in six steps, told apart by lightness alone.
std::string weight_class(uint64_t retained, uint64_t greatest) {
  const double share = greatest == 0 ? 0 : static_cast<double>(retained) / static_cast<double>(greatest);
  return fmt::format("type w{}", static_cast<int>(std::clamp(std::ceil(share * 5), 0.0, 5.0)));
}
constexpr const char* kFills[] = {"#f6f6f6", "#e3eef6", "#c6deee", "#a3cae4", "#7cb3d8", "#4f98c8"};

std::string type_line(const ReportOverview& overview, size_t row, uint64_t greatest) {
  const ReportSize& type = overview.map_types[row];
  const std::string weight = weight_class(type.retained_bytes, greatest);
  return fmt::format(
      "  t{0} [id=\"map-t{0}\", class=\"{1}\", label=<<B>{2}</B><BR/><FONT POINT-SIZE=\"10\">{3}, {4}</FONT>"
      "<BR/><FONT POINT-SIZE=\"10\">retains {5}</FONT>>, tooltip=\"{6}\", fillcolor=\"{7}\"];\n",
      row, weight, escape_html(short_type(type.name, 36)), escape_html(plural(type.count, "object")),
      bytes_text(type.bytes), bytes_text(type.retained_bytes), escape_dot(cut(printable(type.name), 1500)),
      kFills[weight.back() - '0']);
}

}  // namespace

std::string dot_of_type_map(const ReportOverview& overview, size_t most_edges) {
  std::string dot = "digraph \"types\" {\n  bgcolor=\"transparent\"; rankdir=LR; nodesep=0.2; ranksep=0.7;\n";
  dot += "  id=\"map-graph\"; nslimit=2; nslimit1=2; mclimit=0.5;\n";
  dot += "  node [shape=box, style=\"rounded,filled\", color=\"#5a7d95\", fontname=\"Helvetica\", fontsize=12];\n";
  dot += "  edge [fontname=\"Helvetica\", fontsize=10, arrowsize=0.7, color=\"#5a5a5a\", fontcolor=\"#333333\"];\n";
  uint64_t greatest = 0;
  for (const ReportSize& type : overview.map_types) greatest = std::max(greatest, type.retained_bytes);
  for (size_t i = 0; i < overview.map_types.size(); i++) dot += type_line(overview, i, greatest);
  for (size_t i = 0; i < overview.map_edges.size() && i < most_edges; i++) {
    const ReportTypeEdge& edge = overview.map_edges[i];
    dot += fmt::format(
        "  t{} -> t{} [class=\"{}\", label=\"{}\", tooltip=\"{}\", style={}, penwidth={:.1f}];\n", edge.from, edge.to,
        edge.owns ? "strong" : "raw", edge.count > 1 ? "× " + count_text(edge.count) : "",
        escape_dot(fmt::format("{}: {} -> {}", plural(edge.count, edge.owns ? "owning reference" : "other reference"),
                               short_type(overview.map_types[edge.from].name),
                               short_type(overview.map_types[edge.to].name))),
        edge.owns ? "solid" : "dotted", 0.8 + std::log10(static_cast<double>(edge.count)) * 0.6);
  }
  return dot + "}\n";
}

std::string render_map(const Report& report, const RenderOptions&) {
  Graphviz graphviz;
  const ReportOverview& overview = report.overview.value();
  return svg_file(report, {svg_of_dot(graphviz, {dot_of_type_map(overview, 90), dot_of_type_map(overview, 30)})}, "");
}

std::string render_map_dot(const Report& report, const RenderOptions&) {
  return dot_of_type_map(report.overview.value(), 90);
}

}  // namespace reftally
