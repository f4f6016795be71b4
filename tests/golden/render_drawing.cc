// A drawn heap, analyzed and rendered: what the golden files are made of.
//   render_drawing FORMAT <DRAWING
// Lines of the drawing that begin with "#stack N:" give call stack N, innermost frame first: "function file:line| …".
#include <cstdio>
#include <iostream>
#include <map>
#include <sstream>

#include "analyzer/heap/drawing.h"
#include "reports/build_report.h"
#include "reports/renderers.h"

using namespace reftally;

namespace {

SourceFrame read_frame(const std::string& text) {
  SourceFrame frame;
  const size_t space = text.rfind(' '), colon = text.rfind(':');  // always there: the drawings are ours
  frame.function = text.substr(0, space);
  frame.file = text.substr(space + 1, colon - space - 1);
  frame.line = static_cast<uint32_t>(std::stoul(text.substr(colon + 1)));
  return frame;
}

std::map<StackId, std::vector<SourceFrame>> read_stacks(std::istream& drawing) {
  std::map<StackId, std::vector<SourceFrame>> stacks;
  constexpr std::string_view kStack = "#stack ";
  for (std::string line; std::getline(drawing, line);) {
    if (!line.starts_with(kStack)) continue;
    const size_t colon = line.find(": ");
    const auto stack = static_cast<StackId>(std::stoul(line.substr(kStack.size())));
    std::istringstream frames(line.substr(colon + 2));
    for (std::string frame; std::getline(frames >> std::ws, frame, '|');) stacks[stack].push_back(read_frame(frame));
  }
  return stacks;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::stringstream text;
  text << std::cin.rdbuf();
  auto stacks = read_stacks(text);
  const Analysis analysis = analyze_heap(read_drawing(text.str()).heap);
  const Renderer& renderer = *find_renderer(argv[1]);
  Report report = build_report(analysis, nullptr, [&](StackId stack) { return stacks[stack]; }, renderer.overview);
  report.executable = "/usr/bin/program";
  report.command_line = "program --serve";
  report.reason = "main returned";
  report.pid = 4711;
  RenderOptions options;
  options.analysis = &analysis;
  const std::string bytes = renderer.render(report, options);
  std::fwrite(bytes.data(), 1, bytes.size(), stdout);
}
