// Looks into a process that was not started under the agent: stops it, copies its memory into a core file, lets it go
// on, and analyzes the core.
#include <fmt/format.h>

#include <filesystem>

#include "analyzer/cli/analysis_options.h"
#include "analyzer/cli/command.h"
#include "analyzer/image/process_core.h"
#include "reports/names.h"

namespace reftally {
namespace {

struct AttachOptions {
  uint32_t pid = 0;
  std::string folder = ".";
  bool no_analyze = false, remove_core = false;
  AnalysisCommandOptions analysis;
  OutputOptions output;
};

int attach(const AttachOptions& options) {
  check_files_of(options.analysis);
  const WrittenCore core = write_process_core(options.pid, options.folder);
  fmt::print(stderr, "reftally: {}: {} of memory, the process stood still for {:.0f} ms\n", core.path,
             bytes_text(core.memory_bytes), static_cast<double>(core.pause_ns) / 1e6);
  if (options.no_analyze) return kExitClean;
  AnalysisCommandOptions analysis = options.analysis;
  analysis.debug.living = options.pid;
  const AnalyzedDump dump = analyze_dump(core.path, analysis);
  const Report report = report_of(dump, options.output);
  write_report(report, dump, options.output, stdout);
  std::error_code stays;
  if (options.remove_core) std::filesystem::remove(core.path, stays);
  return has_finding_at(report, options.output.fail_on) ? kExitFindings : kExitClean;
}

}  // namespace

RunCommand prepare_attach(CLI::App& parser) {
  auto options = std::make_shared<AttachOptions>();
  parser.add_option("PID", options->pid, "process to look into")->required();
  parser.add_option("--core-dir", options->folder, "folder for the core file")->capture_default_str();
  parser.add_flag("--no-analyze", options->no_analyze, "only write the core file");
  parser.add_flag("--remove-core", options->remove_core, "remove the core file when it has been analyzed");
  add_analysis_options(parser, options->analysis);
  add_output_options(parser, options->output, "-o,--output");
  add_top_option(parser, options->output);
  return [options] { return attach(*options); };
}

}  // namespace reftally
