#include "analyzer/cli/analysis_options.h"
#include "analyzer/cli/command.h"

namespace reftally {

RunCommand prepare_analyze(CLI::App& parser) {
  struct Options {
    std::string dump;
    AnalysisCommandOptions analysis;
    OutputOptions output;
  };
  auto options = std::make_shared<Options>();
  parser.add_option("DUMP", options->dump, kDumpHelp)->required();
  add_analysis_options(parser, options->analysis);
  add_output_options(parser, options->output, "-o,--output");
  add_top_option(parser, options->output);
  return [options] {
    const AnalyzedDump dump = analyze_dump(options->dump, options->analysis);
    const Report report = report_of(dump, options->output);
    write_report(report, dump, options->output, stdout);
    return has_finding_at(report, options->output.fail_on) ? kExitFindings : kExitClean;
  };
}

}  // namespace reftally
