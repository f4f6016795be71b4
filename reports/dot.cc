// GraphViz: the cycle in a cluster of its own, what it holds below, strong solid, weak dashed, raw dotted, the
// reference to weaken in orange with a label. Colours from the Okabe-Ito palette, which colour-blind readers can tell
// apart.
#include <fmt/format.h>

#include "reports/names.h"
#include "reports/renderers.h"

namespace reftally {
namespace {

struct NodeStyle {
  const char* fill;
  const char* line;
};

NodeStyle node_style(const std::string& role) {
  if (role == "cycle") return {"#fbe3d6", "#d55e00"};
  if (role == "leaked") return {"#fbe3d6", "#d55e00"};
  if (role == "root") return {"#d9ecf7", "#0072b2"};
  if (role == "path") return {"#eef5ee", "#009e73"};
  return {"#f2f2f2", "#8a8a8a"};
}

std::string node_label(const ReportNode& node) {
  std::string label = escape_dot(short_type(node.type, 40));
  if (node.count > 1) label = fmt::format("{} × {}", count_text(node.count), label);
  if (node.strong_count) label += fmt::format("\\nstrong count {}", *node.strong_count);
  if (node.remainder && *node.remainder != 0) label += fmt::format(", {} unexplained", *node.remainder);
  if (node.bytes != 0) label += "\\n" + bytes_text(node.bytes);
  return label;
}

std::string node_tooltip(const ReportNode& node) {
  std::string text = escape_dot(node.type);
  if (!node.born.empty()) text += "\\nborn in " + escape_dot(node.born);
  if (node.count == 1 && !node.address.empty()) text += "\\n" + node.address;
  return text;
}

std::string node_line(const ReportNode& node, size_t id) {
  const NodeStyle style = node_style(node.role);
  return fmt::format("n{} [label=\"{}\", tooltip=\"{}\", fillcolor=\"{}\", color=\"{}\"{}];\n", id, node_label(node),
                     node_tooltip(node), style.fill, style.line, node.role == "root" ? ", shape=note" : "");
}

// Long routes through a closure break over lines at the arrows.
std::string edge_label(const ReportEdge& edge) {
  std::string label = escape_dot(edge.via);
  for (size_t at = 0; (at = label.find(" -> ", at)) != std::string::npos; at += 5) label.replace(at, 4, "\\n-> ");
  if (edge.kind == "strong or weak") label += "\\n(strong or weak)";
  if (edge.weaken) label += "\\nmake this one weak";
  return label;
}

std::string edge_line(const ReportEdge& edge) {
  const char* style = edge.kind == "weak" ? "dashed" : edge.kind == "raw" ? "dotted" : "solid";
  const char* colour = edge.weaken ? "#e69f00" : "#333333";
  return fmt::format(
      "n{} -> n{} [label=\"  {}  \", tooltip=\"{} ({}, {})\", style={}, color=\"{}\", fontcolor=\"{}\", "
      "penwidth={}];\n",
      edge.from_node, edge.to_node, edge_label(edge), escape_dot(edge.location), edge.kind, edge.certainty, style,
      colour, edge.weaken ? "#a36a00" : "#333333", edge.weaken ? "3" : "1.4");
}

}  // namespace

std::string dot_of_finding(const ReportFinding& finding, const std::string& graph_name) {
  std::string dot = fmt::format("digraph \"{}\" {{\n", escape_dot(graph_name));
  dot += "  bgcolor=\"transparent\"; rankdir=TB; nodesep=0.5; ranksep=0.6; fontname=\"Helvetica\";\n";
  dot += "  node [shape=box, style=\"rounded,filled\", fontname=\"Helvetica\", fontsize=12, margin=\"0.18,0.09\"];\n";
  dot += "  edge [fontname=\"Helvetica\", fontsize=11, arrowsize=0.8];\n";
  dot += "  subgraph cluster_cycle {\n    style=\"rounded\"; color=\"#d55e00\"; penwidth=1.2; margin=18;\n";
  if (!finding.cycle.empty())
    dot += fmt::format(
        "    label=\"{}\"; fontsize=11; fontcolor=\"#8f3f00\"; fontname=\"Helvetica\";\n",
        finding.instances > 1 ? fmt::format("one of {} instances", count_text(finding.instances)) : "the cycle");
  else
    dot += "    color=\"transparent\";\n";
  for (size_t i = 0; i < finding.nodes.size(); i++)
    if (finding.nodes[i].role == "cycle" || finding.nodes[i].role == "leaked")
      dot += "    " + node_line(finding.nodes[i], i);
  dot += "  }\n";
  for (size_t i = 0; i < finding.nodes.size(); i++)
    if (finding.nodes[i].role != "cycle" && finding.nodes[i].role != "leaked")
      dot += "  " + node_line(finding.nodes[i], i);
  for (const ReportEdge& edge : finding.edges) dot += "  " + edge_line(edge);
  return dot + "}\n";
}

std::string render_dot(const Report& report, const RenderOptions&) {
  std::string dot;
  for (const ReportFinding& finding : report.findings)
    dot += dot_of_finding(finding, fmt::format("{} {}", finding.rule, finding.fingerprint));
  if (dot.empty()) dot = "digraph \"no findings\" {\n  none [label=\"no findings\", shape=plaintext];\n}\n";
  return dot;
}

}  // namespace reftally
