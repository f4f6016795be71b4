#include <fmt/format.h>

#include "analyzer/base/error.h"
#include "analyzer/cli/analysis_options.h"
#include "analyzer/cli/command.h"
#include "analyzer/heap/drawing.h"
#include "reports/names.h"

namespace reftally {

RunCommand prepare_draw(CLI::App& parser) {
  struct Options {
    std::string dump, file;
    uint32_t most = 100'000;
    AnalysisCommandOptions analysis;
  };
  auto options = std::make_shared<Options>();
  parser.add_option("DUMP", options->dump, kDumpHelp)->required();
  parser.add_option("-o,--output", options->file, "file for the drawing (default: the terminal)");
  parser.add_option("--most", options->most, "objects a drawing may have")->capture_default_str();
  add_analysis_options(parser, options->analysis);
  return [options] {
    const AnalyzedDump dump = analyze_dump(options->dump, options->analysis);
    const Heap& heap = dump.analysis.heap;
    if (heap.object_count() > options->most)
      throw Error(fmt::format("{}: {} are too many to draw; allow them with --most {}", options->dump,
                              plural(heap.object_count(), "object"), heap.object_count()));
    write_bytes(write_drawing(heap), options->file, stdout);
    return kExitClean;
  };
}

}  // namespace reftally
