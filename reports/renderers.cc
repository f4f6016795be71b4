#include "reports/renderers.h"

namespace reftally {
namespace {

constexpr Renderer kRenderers[] = {
    {"text", "txt", "for a terminal or a log", render_text},
    {"json", "json", "reftally-analysis/1, stable names, byte-stable", render_json},
    {"dot", "dot", "GraphViz source, one graph a finding", render_dot},
    {"svg", "svg", "pictures of the worst findings", render_svg},
    {"pdf", "pdf", "a picture of the worst finding", render_pdf},
    {"png", "png", "the same in pixels", render_png},
    {"map", "svg", "the whole heap as a graph of its types", render_map, true},
    {"map-dot", "dot", "the same as GraphViz source", render_map_dot, true},
    {"html", "html", "one self-contained page to click through", render_html, true},
    {"sarif", "sarif", "SARIF 2.1.0, for code scanning", render_sarif},
    {"pprof", "pb.gz", "births for pprof: objects, bytes, retained bytes", render_pprof, true},
    {"folded", "folded", "births as folded stacks, in bytes", render_folded, true},
    {"heapsnapshot", "heapsnapshot", "every object, for Chrome's DevTools and memlab", render_heap_snapshot},
    {"md", "md", "Markdown for a pull request or a ticket", render_md},
};

}  // namespace

std::span<const Renderer> renderers() { return kRenderers; }

const Renderer* find_renderer(std::string_view name) {
  for (const Renderer& renderer : kRenderers)
    if (name == renderer.name) return &renderer;
  return nullptr;
}

}  // namespace reftally
