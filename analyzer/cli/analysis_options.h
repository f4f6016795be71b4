// Options that every command which analyzes takes, and the steps they share.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "analyzer/analysis.h"
#include "analyzer/findings/baseline.h"
#include "analyzer/findings/growth.h"
#include "analyzer/history.h"
#include "analyzer/image/debug_types.h"
#include "analyzer/image/image.h"
#include "reports/build_report.h"
#include "reports/renderers.h"

namespace reftally {

struct AnalysisCommandOptions {
  DebugOptions debug;
  double most_gigabytes = 0;             // 0: what the machine has free
  unsigned threads = 0;                  // 0: one a processor
  std::vector<std::string> since;        // earlier dumps of the same process: what was lost since is leaked
  std::vector<std::string> grown_since;  // the same, without `since`: to see what grows, and no more
  bool no_types = false, phases = false;
  std::vector<std::string> suppressions;
  std::vector<std::string> counts;  // files of StatedCounts
};
void add_analysis_options(CLI::App& parser, AnalysisCommandOptions& options);
// Throws Error for a file among them that cannot be read: before anything is run or takes long.
void check_files_of(const AnalysisCommandOptions& options);

struct OutputOptions {
  std::string format;  // of renderers(); empty: as the name of `file` ends, or else text
  std::string file;    // empty: standard output
  std::string fail_on = "warning";
  std::string colour = "auto";
  size_t top = RenderOptions{}.top;
};
void add_output_options(CLI::App& parser, OutputOptions& options, const std::string& output_flag);
const Renderer& renderer_for(const OutputOptions& options);
void add_top_option(CLI::App& parser, OutputOptions& options);

// A dump with everything needed to report on it.
struct AnalyzedDump {
  std::unique_ptr<Image> image;
  std::unique_ptr<DebugTypes> types;
  Analysis analysis;
  std::vector<SnapshotState> history;  // of the earlier snapshots, and of this one
};
// What earlier snapshots of a process held, oldest first; a row of both for each.
struct EarlierStates {
  std::vector<HeapCensus> censuses;
  std::vector<SnapshotState> history;
};
// `before`: when the earlier snapshots are not the ones that the options name.
AnalyzedDump analyze_dump(const std::string& path, const AnalysisCommandOptions& options,
                          const EarlierStates& before = {});
FramesOf frames_of(const AnalyzedDump& dump);  // `dump` must outlive it
Report report_of(const AnalyzedDump& dump, const OutputOptions& options);

// Writes the report where the options say: a file appears whole or not at all.
bool is_at_least(const std::string& severity, const std::string& least);
void write_report(const Report& report, const AnalyzedDump& dump, const OutputOptions& options, FILE* otherwise);
bool has_finding_at(const Report& report, const std::string& severity);
std::vector<BaselineEntry> entries_of(const Report& report);  // as a baseline has them

// To `file`, or to the stream when that is empty.
void write_bytes(const std::string& bytes, const std::string& file, FILE* otherwise);

}  // namespace reftally
