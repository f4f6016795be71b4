// The one file that knows libgvc. It runs in process: graphs are capped at 60 nodes, which dot lays out in tens of
// milliseconds (research/graph.md, 4).
#include <fmt/format.h>
#include <gvc.h>

#include <memory>

#include "analyzer/base/error.h"
#include "reports/names.h"
#include "reports/renderers.h"

namespace reftally {

std::string svg_of_dot(const std::string& dot) {
  agseterr(AGMAX);  // errors become our own; nothing may go to the program's stderr
  std::unique_ptr<GVC_t, int (*)(GVC_t*)> context(gvContext(), gvFreeContext);
  Agraph_t* graph = agmemread(dot.c_str());
  if (graph == nullptr) throw Error("internal error: GraphViz does not accept the graph");
  char* rendered = nullptr;
  unsigned int size = 0;
  const bool ok =
      gvLayout(context.get(), graph, "dot") == 0 && gvRenderData(context.get(), graph, "svg", &rendered, &size) == 0;
  std::string svg = ok ? std::string(rendered, size) : std::string();
  if (rendered != nullptr) gvFreeRenderData(rendered);
  gvFreeLayout(context.get(), graph);
  agclose(graph);
  if (!ok) throw Error("GraphViz could not lay out the graph: is libgvplugin-dot-layout installed?");
  return svg;
}

std::string render_svg(const Report& report, const RenderOptions&) {
  if (report.findings.empty())
    return svg_of_dot("digraph none { bgcolor=white; none [label=\"no findings\", shape=plaintext]; }");
  const ReportFinding& finding = report.findings.front();
  std::string dot = dot_of_finding(finding, finding.rule);
  // On its own a picture needs a background and a caption.
  const size_t at = dot.find("bgcolor=\"transparent\";");
  dot.replace(at, 22,
              fmt::format("bgcolor=\"white\"; pad=0.3; labelloc=t; label=\"{}\\n \";", escape_dot(finding.summary)));
  return svg_of_dot(dot);
}

}  // namespace reftally
