// GraphViz source: the cycle as a ring in a cluster of its own, what it holds below, strong solid, weak dashed, raw
// dotted, the reference to weaken in orange with a label. Colours from the Okabe-Ito palette, which colour-blind
// readers can tell apart; every node and edge has a class, so that a page's style can put others in their place.
#include <fmt/format.h>

#include <algorithm>

#include "reports/escape.h"
#include "reports/names.h"
#include "reports/reference_text.h"
#include "reports/renderers.h"

namespace reftally {
namespace {

constexpr size_t kTooltip = 1500;  // characters; a browser shows no more
constexpr size_t kTipFrames = 6;   // of a call stack

constexpr size_t kMostLabels = 40;  // edges; of more only those of the cycle are named

struct NodeStyle {
  const char *role, *fill, *line;
};
constexpr NodeStyle kNodeStyles[] = {
    {"cycle", "#fde8dc", "#d55e00"}, {"subject", "#fde8dc", "#d55e00"}, {"member", "#fdf3ec", "#d55e00"},
    {"root", "#d9ecf7", "#0072b2"},  {"path", "#e6f4ef", "#009e73"},    {"holder", "#e6f4ef", "#009e73"},
    {"held", "#f3f3f3", "#8a8a8a"},  {"rest", "#ffffff", "#8a8a8a"},
};

const NodeStyle& style_of(const std::string& role) {
  for (const NodeStyle& style : kNodeStyles)
    if (role == style.role) return style;
  return kNodeStyles[6];
}

// Ids are unique on a page with many graphs.
std::string id_prefix(const ReportFinding& finding) { return fmt::format("f{}-", finding.fingerprint); }

std::string tooltip(std::string_view text) { return escape_dot(cut(printable(text), kTooltip)); }

std::string node_title(const ReportNode& node) {
  if (node.role == "rest")
    return node.count == 0 ? "… more objects"
                           : fmt::format("… {} more object{}", count_text(node.count), node.count == 1 ? "" : "s");
  const std::string type = short_type(node.type, 40);
  if (node.elided) return fmt::format("… {} more {}", count_text(node.count), type);
  return node.count > 1 ? fmt::format("{} × {}", count_text(node.count), type) : type;
}

std::string count_line(const ReportNode& node) {
  if (!node.account || node.elided) return "";
  const bool many = node.count > 1, differ = many && node.most_strong != node.account->strong_count;
  const std::string count = count_text(static_cast<uint64_t>(differ ? node.most_strong : node.account->strong_count));
  std::string line = fmt::format("strong count {}{}{}", differ ? "up to " : "", count, many && !differ ? " each" : "");
  if (node.remainder != 0) line += fmt::format(", {} unexplained", node.remainder);
  return line;
}

// Graphviz's own markup: the name stands out from the numbers.
std::string node_label(const ReportNode& node) {
  std::string label = fmt::format("<<B>{}</B>", escape_html(node_title(node)));
  for (const std::string& line : {std::string(node.role == "root" ? "root" : ""), count_line(node),
                                  node.bytes != 0 ? bytes_text(node.bytes) : ""})
    if (!line.empty()) label += fmt::format("<BR/><FONT POINT-SIZE=\"10\">{}</FONT>", escape_html(line));
  return label + ">";
}

std::string node_line(const ReportFinding& finding, size_t id) {
  const ReportNode& node = finding.nodes[id];
  const NodeStyle& style = style_of(node.role);
  std::string tip = tooltip(node.type);
  if (!node.born.empty()) tip += "\\nborn in " + tooltip(frame_text(node.born.front()));
  if (node.count == 1 && !node.address.empty()) tip += "\\n" + node.address;
  return fmt::format(
      "n{} [id=\"{}n{}\", class=\"{}\", label={}, tooltip=\"{}\", fillcolor=\"{}\", color=\"{}\"{}{}];\n", id,
      id_prefix(finding), id, node.role, node_label(node), tip, style.fill, style.line,
      node.role == "root" ? ", style=filled" : "",
      node.elided || node.role == "rest" ? ", style=\"rounded,filled,dashed\"" : "");
}

// A long way through blocks and closures breaks over lines at its arrows.
std::string edge_label(const ReportEdge& edge, const ReportNode& from) {
  const bool inherited =
      !edge.member.starts_with(short_owner(from.type));  // declared in a base: its name says where to look
  std::string text = edge.via.empty() || !inherited ? edge.via : edge.member;
  std::string label;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(" -> ", begin), text.size());
    label += (begin == 0 ? "  " : "\\n  -> ") + escape_dot(short_type(text.substr(begin, end - begin), 44)) + "  ";
    begin = end + 4;
  }
  if (edge.count > 1) label += fmt::format("× {}  ", count_text(edge.count));
  if (edge.kind == "strong or weak") label += "\\n  (strong or weak)  ";
  return label;
}

bool is_inside_elided(const ReportFinding& finding, const ReportEdge& edge) {
  const ReportNode& from = finding.nodes[edge.from_node];
  return edge.from_node == edge.to_node && (from.elided || from.role == "rest");
}

// The first of each member says what to do, the others only have its colour.
bool is_first_to_weaken(const ReportFinding& finding, size_t id) {
  for (size_t i = 0; i < id; i++)
    if (finding.edges[i].weaken && finding.edges[i].member == finding.edges[id].member) return false;
  return finding.edges[id].weaken;
}

std::string edge_line(const ReportFinding& finding, size_t id) {
  const ReportEdge& edge = finding.edges[id];
  const bool crowded = finding.edges.size() > kMostLabels && id >= finding.ring && !edge.weaken;
  std::string label = crowded ? "" : edge_label(edge, finding.nodes[edge.from_node]);
  if (id < finding.ring && !edge.acquired.empty())
    label += fmt::format("\\n  taken by {}  ", escape_dot(printable(cut(frame_text(edge.acquired.front()), 60))));
  if (is_first_to_weaken(finding, id)) label += fmt::format("\\n  {}  ", finding.advice ? finding.advice->verb : "");
  if (edge.last_hold) label += "\\n  still held here  ";
  const bool stands_out = edge.weaken || edge.last_hold;
  const char* style = edge.kind == "weak" ? "dashed" : edge.kind == "raw" ? "dotted" : "solid";
  const char* colour = stands_out ? "#e69f00" : id < finding.ring ? "#d55e00" : "#5a5a5a";
  std::string tip = fmt::format("{}\\n{}, {}{}", tooltip(edge.member), edge.kind, edge.certainty,
                                edge.location.empty() ? "" : "\\n" + tooltip(edge.location));
  for (size_t i = 0; i < edge.acquired.size() && i < kTipFrames; i++)
    tip += (i == 0 ? "\\ntaken by " : "\\n  from ") + tooltip(frame_text(edge.acquired[i]));
  return fmt::format(
      "n{} -> n{} [id=\"{}e{}\", class=\"{}{}{}\", label=\"{}\", tooltip=\"{}\", labeltooltip=\"{}\", style={}, "
      "color=\"{}\", fontcolor=\"{}\", penwidth={}{}];\n",
      edge.from_node, edge.to_node, id_prefix(finding), id, edge.kind == "strong or weak" ? "ambiguous" : edge.kind,
      id < finding.ring ? " ring" : "", stands_out ? " weaken" : "", label, tip, tip, style, colour,
      stands_out ? "#8a5a00" : "#333333",
      stands_out          ? "3.5"
      : id < finding.ring ? "2"
                          : "1.2",
      stands_out ? ", fontname=\"Helvetica-Bold\"" : "");
}

// Objects one step down and one step up stand side by side, so that the cycle is drawn as a ring.
std::string ring_ranks(const ReportFinding& finding) {
  std::string ranks;
  for (size_t down = 1, up = finding.ring - 1; down < up; down++, up--)
    ranks +=
        fmt::format("    {{ rank=same; n{}; n{}; }}\n", finding.edges[down].from_node, finding.edges[up].from_node);
  return ranks;
}

bool in_cluster(const ReportNode& node) {
  return node.role == "cycle" || node.role == "member" || node.role == "subject";
}

std::string cluster(const ReportFinding& finding) {
  std::string dot =
      fmt::format("  subgraph cluster_cycle {{\n    id=\"{}cycle\"; style=\"rounded\"; margin=16; penwidth=1.2;\n",
                  id_prefix(finding));
  const char* what = finding.ring != 0 ? "cycles" : "objects";
  dot += finding.instances > 1
             ? fmt::format("    label=\"one of {} {}\"; labeljust=l;{} color=\"#d55e00\"; fontcolor=\"#8f3f00\";\n",
                           count_text(finding.instances), what, finding.ring != 0 ? "" : " labelloc=b;")
         : finding.ring != 0 ? "    label=\"cycle\"; labeljust=l; color=\"#d55e00\"; fontcolor=\"#8f3f00\";\n"
                             : "    color=\"transparent\";\n";
  for (size_t i = 0; i < finding.nodes.size(); i++)
    if (in_cluster(finding.nodes[i])) dot += "    " + node_line(finding, i);
  if (finding.ring != 0) dot += ring_ranks(finding);
  return dot + "  }\n";
}

}  // namespace

std::string dot_of_finding(const ReportFinding& finding, const std::string& caption) {
  std::string dot = fmt::format("digraph \"{} {}\" {{\n", escape_dot(finding.rule), finding.fingerprint);
  dot += "  bgcolor=\"transparent\"; rankdir=TB; nodesep=0.45; ranksep=0.5; fontname=\"Helvetica\"; fontsize=12;\n";
  dot += fmt::format("  id=\"{}graph\";\n", id_prefix(finding));
  dot += "  nslimit=2; nslimit1=2; mclimit=0.5;\n";  // bounds on the time for layout (research/graph.md, 4)
  if (!caption.empty()) dot += fmt::format("  labelloc=t; labeljust=l; label=\"{}\";\n", caption);
  dot += "  node [shape=box, style=\"rounded,filled\", fontname=\"Helvetica\", fontsize=12, margin=\"0.16,0.08\"];\n";
  dot += "  edge [fontname=\"Helvetica\", fontsize=11, arrowsize=0.8];\n";
  dot += cluster(finding);
  for (size_t i = 0; i < finding.nodes.size(); i++)
    if (!in_cluster(finding.nodes[i])) dot += "  " + node_line(finding, i);
  for (size_t i = 0; i < finding.edges.size(); i++)
    if (!is_inside_elided(finding, finding.edges[i])) dot += "  " + edge_line(finding, i);
  return dot + "}\n";
}

std::string dot_caption(const ReportFinding& finding) {
  constexpr size_t kColumns = 72;
  std::string caption, line;
  const std::string text = cut(finding.summary, 400);
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find(' ', begin), text.size());
    if (!line.empty() && display_width(line) + end - begin > kColumns) {
      caption += escape_dot(line) + "\\l";
      line.clear();
    }
    line += (line.empty() ? "" : " ") + text.substr(begin, end - begin);
    begin = end + 1;
  }
  return caption + escape_dot(line) + "\\l";
}

std::string render_dot(const Report& report, const RenderOptions&) {
  std::string dot;
  for (const ReportFinding& finding : report.findings) dot += dot_of_finding(finding, dot_caption(finding));
  if (dot.empty()) dot = "digraph \"no findings\" {\n  none [label=\"no findings\", shape=plaintext];\n}\n";
  return dot;
}

}  // namespace reftally
