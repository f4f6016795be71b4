// The table of report formats. A renderer turns a whole Report into one file's bytes; it decides nothing.
#pragma once

#include <span>
#include <string>

#include "reports/report.h"

namespace reftally {

struct Analysis;

struct RenderOptions {
  bool colour = false;                 // terminal escapes, for text
  size_t width = 80;                   // columns, for text
  size_t top = 20;                     // findings that text and Markdown tell of, the worst first
  const Analysis* analysis = nullptr;  // for formats that hold every object
};

struct Renderer {
  const char* name;
  const char* extension;
  const char* help;
  std::string (*render)(const Report& report, const RenderOptions& options);
  bool overview = false;  // wants Report::overview
};

std::span<const Renderer> renderers();
const Renderer* find_renderer(std::string_view name);  // nullptr when there is none

std::string render_text(const Report& report, const RenderOptions& options);
std::string render_json(const Report& report, const RenderOptions& options);
std::string render_dot(const Report& report, const RenderOptions& options);
std::string render_svg(const Report& report, const RenderOptions& options);
std::string render_pdf(const Report& report, const RenderOptions& options);
std::string render_png(const Report& report, const RenderOptions& options);
std::string render_map(const Report& report, const RenderOptions& options);
std::string render_map_dot(const Report& report, const RenderOptions& options);
std::string render_html(const Report& report, const RenderOptions& options);
std::string render_sarif(const Report& report, const RenderOptions& options);
std::string render_pprof(const Report& report, const RenderOptions& options);
std::string render_folded(const Report& report, const RenderOptions& options);
std::string render_heap_snapshot(const Report& report, const RenderOptions& options);
std::string render_md(const Report& report, const RenderOptions& options);

// ---- pieces that formats share
// `caption` stands above the graph, escaped for DOT; it may be empty.
std::string dot_of_finding(const ReportFinding& finding, const std::string& caption);
std::string render_page_to_walk(const Report& report);  // what `reftally view` serves
std::string html_page(const std::string& title, const std::string& connect, const std::string& body);
std::string dot_caption(const ReportFinding& finding);

}  // namespace reftally
