#include "analyzer/cli/analysis_options.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <filesystem>

#include "analyzer/base/error.h"
#include "analyzer/base/huge_pages.h"
#include "analyzer/base/parallel.h"
#include "analyzer/base/whole_file.h"
#include "analyzer/cli/memory_limit.h"
#include "analyzer/cli/text_file.h"
#include "analyzer/findings/earlier.h"
#include "analyzer/findings/suppressions.h"
#include "analyzer/flavours/lift.h"
#include "analyzer/image/call_frames.h"
#include "analyzer/image/core_image.h"
#include "analyzer/image/dump_image.h"
#include "analyzer/image/vtables.h"
#include "reports/build_report.h"
#include "reports/names.h"
#include "reports/summary.h"

namespace reftally {
namespace {

int severity_rank(const std::string& severity) { return severity == "error" ? 2 : severity == "warning" ? 1 : 0; }

uint64_t peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<uint64_t>(usage.ru_maxrss) * 1024;
}

// One line that names the phase, on a terminal only; gone when the work is done. Or, when asked for, a line that stays
// for each phase, with what it took.
class PhaseLine {
 public:
  PhaseLine(bool told, uint64_t memory) : told_(told), shown_(!told && isatty(2) == 1), memory_(memory) {
    if (told_ && memory_ != 0) fmt::print(stderr, "reftally: about {} of memory needed\n", bytes_text(memory_));
  }
  ~PhaseLine() {
    finish();
    if (shown_) fmt::print(stderr, "\r\x1b[K");
  }
  void say(const char* phase) {
    finish();
    phase_ = phase;
    begun_ = std::chrono::steady_clock::now();
    processor_ = std::clock();
    if (!shown_) return;
    const std::string needed = memory_ != 0 ? fmt::format(", about {} of memory needed", bytes_text(memory_)) : "";
    fmt::print(stderr, "\r\x1b[Kreftally: {} …{}", phase, needed);
  }

 private:
  void finish() const {
    if (!told_ || phase_ == nullptr) return;
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - begun_;
    fmt::print(stderr, "reftally: {:<16} {:>8.3f} s  cpu {:>8.3f} s  peak {:>9}\n", phase_, passed.count(),
               static_cast<double>(std::clock() - processor_) / CLOCKS_PER_SEC, bytes_text(peak_memory()));
  }

  bool told_, shown_;
  uint64_t memory_;  // 0: nobody knows
  const char* phase_ = nullptr;
  std::chrono::steady_clock::time_point begun_;
  std::clock_t processor_ = 0;
};

// Suppressed findings are counted, not hidden; what has run out is said.
void suppress(Analysis& analysis, const std::vector<std::string>& files) {
  Suppressions suppressions;
  for (const std::string& file : files) suppressions.read(read_text_file(file), file);
  analysis.suppressed = take_suppressed(suppressions, analysis.heap, analysis.findings, today());
  for (std::string& expired : suppressions.expired(today())) analysis.warnings.push_back(std::move(expired));
}

StatedCounts stated_counts(const AnalysisCommandOptions& options) {
  StatedCounts stated;
  for (const std::string& file : options.counts) stated.read(read_text_file(file), file);
  return stated;
}

DebugOptions debug_options(const AnalysisCommandOptions& options) {
  DebugOptions debug = options.debug;
  debug.use_dwarf = !options.no_types;
  return debug;
}

Heap lift_earlier(Image& image, const AnalysisCommandOptions& options, const StatedCounts& stated) {
  const DebugTypes types(image, debug_options(options));
  add_vtable_symbols(image, types);
  return lift(image, types, {!options.no_types, &stated});
}

void add_state(const Image& image, const Heap& heap, EarlierStates& states) {
  RetainingPaths paths(heap);
  states.censuses.push_back(take_census(heap, paths));
  states.history.push_back(snapshot_state(image, heap));
}

// What the earlier dumps of the same process tell: references that nobody held in the oldest, and what each held.
struct Before {
  std::optional<Earlier> oldest;
  EarlierStates states;
};

void expect_earlier(const Image& image, const Image& now, uint32_t sequence) {
  const std::string& file = image.source;
  if (image.process.pid != now.process.pid || image.process.start_time_ns != now.process.start_time_ns)
    throw Error(fmt::format("{}: not a dump of the same process as {}", file, now.source));
  if (image.process.sequence >= now.process.sequence || image.process.sequence <= sequence)
    throw Error(fmt::format("{}: expected an earlier dump than {}, oldest first", file, now.source));
}

Before read_before(const AnalysisCommandOptions& options, const StatedCounts& stated, const Image& now) {
  Before before;
  uint32_t sequence = 0;
  const bool only_growth = options.since.empty();
  for (const std::string& file : only_growth ? options.grown_since : options.since) {
    Image image = read_image(file, options.debug.sysroot);
    expect_earlier(image, now, sequence);
    sequence = image.process.sequence;
    const Heap heap = lift_earlier(image, options, stated);
    if (!before.oldest && !only_growth) before.oldest.emplace(heap, close_accounts(heap));
    add_state(image, heap, before.states);
  }
  return before;
}

AnalyzedDump analyze_file(const std::string& path, const AnalysisCommandOptions& options, const EarlierStates& earlier,
                          uint64_t memory_needed) {
  AnalyzedDump dump;
  PhaseLine phase(options.phases, memory_needed);
  phase.say("read");
  dump.image = std::make_unique<Image>(read_image(path, options.debug.sysroot));
  phase.say("symbols");
  dump.types = std::make_unique<DebugTypes>(*dump.image, debug_options(options));
  add_vtable_symbols(*dump.image, *dump.types);
  AnalysisOptions analysis;
  analysis.use_types = !options.no_types;
  analysis.progress = [&phase](const char* name) { phase.say(name); };
  StatedCounts stated = stated_counts(options);
  analysis.stated = &stated;
  Before before = read_before(options, stated, *dump.image);
  if (before.oldest) analysis.earlier = &*before.oldest;
  const EarlierStates& states = before.states.history.empty() ? earlier : before.states;
  analysis.before = states.censuses;
  dump.analysis = analyze(*dump.image, *dump.types, analysis);
  dump.history = states.history;
  dump.history.push_back(snapshot_state(*dump.image, dump.analysis.heap));
  suppress(dump.analysis, options.suppressions);
  for (std::string& line : stated.unmatched()) dump.analysis.warnings.push_back(std::move(line));
  return dump;
}

std::string memory_error(const std::string& path, uint64_t limit, bool is_asked_for, uint64_t needed) {
  return fmt::format(
      "{}: the analysis needs more memory than {} ({}){}: give it more with --memory GIGABYTES, or analyze the dump "
      "on a bigger machine (it holds all it needs but debug information)",
      path, is_asked_for ? "--memory allows" : "it may have here", bytes_text(limit),
      needed != 0 ? fmt::format(", about {} and what debug information takes", bytes_text(needed)) : "");
}

}  // namespace

void check_files_of(const AnalysisCommandOptions& options) {
  Suppressions suppressions;
  for (const std::string& file : options.suppressions) suppressions.read(read_text_file(file), file);
  StatedCounts stated;
  for (const std::string& file : options.counts) stated.read(read_text_file(file), file);
  std::vector<std::string> others = options.since;
  if (!options.debug.type_map.empty()) others.push_back(options.debug.type_map);
  std::vector<std::string> folders = options.debug.debug_dirs;
  if (!options.debug.sysroot.empty()) folders.push_back(options.debug.sysroot);
  for (const std::string& folder : folders)
    if (!std::filesystem::is_directory(folder)) throw Error(fmt::format("{}: there is no such folder", folder));
  for (const std::string& file : others)
    if (access(file.c_str(), R_OK) != 0) throw Error(fmt::format("{}: {}", file, strerror(errno)));
}

void add_analysis_options(CLI::App& parser, AnalysisCommandOptions& options) {
  parser.add_flag("--no-types", options.no_types, "do without debug information: counts and type_info only");
  parser
      .add_option(
          "--since", options.since,
          "an earlier dump of the same process: leaks are what was lost since; given twice or more, places that "
          "grow are told too")
      ->allow_extra_args(false);
  parser.add_option("--sysroot", options.debug.sysroot, "folder in front of the paths of the program's modules");
  parser.add_option("--memory", options.most_gigabytes, "gigabytes the analysis may use (default: what is free)")
      ->check(CLI::Range(1e-6, 1e6));
  parser
      .add_option("--threads", options.threads,
                  "threads to work on (default: one a processor); the report is the same for any number")
      ->check(CLI::Range(1u, 1024u));
  parser.add_option("--debug-dir", options.debug.debug_dirs, "folder with debug files, searched before the system's");
  parser.add_option("--type-map", options.debug.type_map,
                    "types from `reftally lint --type-map`, where the program has no debug information");
  parser
      .add_option("--suppressions", options.suppressions,
                  "file of findings to live with: our own lines, LeakSanitizer's, or valgrind's")
      ->allow_extra_args(false);
  parser
      .add_option("--counts", options.counts,
                  "file that says which members count references, and what holds them: `count CLASS::MEMBER`, `pointer "
                  "CLASS`, `member PLACE`")
      ->allow_extra_args(false);
  parser.add_flag("--phases", options.phases, "tell time and peak memory of each pass");
}

void add_output_options(CLI::App& parser, OutputOptions& options, const std::string& output_flag) {
  std::vector<std::string> names;
  for (const Renderer& renderer : renderers()) names.emplace_back(renderer.name);
  parser
      .add_option("--format,-f", options.format,
                  "format of the report (default: as the name of its file ends, such as .html; else text)")
      ->check(CLI::IsMember(names));
  parser.add_option(output_flag, options.file, "file for the report (default: the terminal)");
  parser.add_option("--fail-on", options.fail_on, "least severity of a finding that shows in the exit status")
      ->check(CLI::IsMember({"note", "warning", "error", "never"}))
      ->capture_default_str();
  parser.add_option("--color", options.colour, "colour in text")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->capture_default_str();
}

const Renderer& renderer_for(const OutputOptions& options) {
  if (!options.format.empty()) return *find_renderer(options.format);
  for (const Renderer& renderer : renderers())
    if (options.file.ends_with(std::string(".") + renderer.extension)) return renderer;
  return *find_renderer("text");
}

void add_top_option(CLI::App& parser, OutputOptions& options) {
  parser.add_option("--top", options.top, "findings that text and Markdown tell of, the worst first")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
}

AnalyzedDump analyze_dump(const std::string& path, const AnalysisCommandOptions& options, const EarlierStates& before) {
  check_files_of(options);
  const uint64_t limit = limit_memory(static_cast<uint64_t>(options.most_gigabytes * 1e9));
  set_worker_threads(options.threads);
  const uint64_t needed = memory_of_analysis(path);  // while there is room to find out
  keep_freed_memory();
  try {
    return analyze_file(path, options, before, needed);
  } catch (const std::bad_alloc&) {  // all that was read is gone by now: room for the message
    throw Error(memory_error(path, limit, options.most_gigabytes > 0, needed));
  }
}

FramesOf frames_of(const AnalyzedDump& dump) {
  return [&dump](StackId stack) {
    std::vector<SourceFrame> frames;
    for (uint64_t address : dump.image->frames(stack))
      for (SourceFrame& frame : source_frames_at(*dump.image, *dump.types, address)) frames.push_back(std::move(frame));
    return frames;
  };
}

Report report_of(const AnalyzedDump& dump, const OutputOptions& options) {
  return build_report(dump.analysis, dump.image.get(), frames_of(dump), renderer_for(options).overview, dump.history);
}

void write_report(const Report& report, const AnalyzedDump& dump, const OutputOptions& options, FILE* otherwise) {
  RenderOptions render;
  render.analysis = &dump.analysis;
  render.top = options.top;
  render.colour = options.colour == "always" ||
                  (options.colour == "auto" && options.file.empty() && isatty(fileno(otherwise)) == 1);
  write_bytes(renderer_for(options).render(report, render), options.file, otherwise);
}

void write_bytes(const std::string& bytes, const std::string& file, FILE* otherwise) {
  if (!file.empty()) return write_file_whole(file, bytes);
  if (fwrite(bytes.data(), 1, bytes.size(), otherwise) != bytes.size() || fflush(otherwise) != 0)
    throw Error(fmt::format("{}: cannot be written: {}", otherwise == stdout ? "standard output" : "standard error",
                            strerror(errno)));
}

bool is_at_least(const std::string& severity, const std::string& least) {
  return severity_rank(severity) >= severity_rank(least);
}

std::vector<BaselineEntry> entries_of(const Report& report) {
  std::vector<BaselineEntry> entries;
  for (const ReportFinding& finding : report.findings)
    entries.push_back(
        {finding.fingerprint, finding.rule, lasting_summary(finding), finding.instances, finding.twin_fingerprint});
  return entries;
}

bool has_finding_at(const Report& report, const std::string& severity) {
  if (severity == "never") return false;
  for (const ReportFinding& finding : report.findings)
    if (is_at_least(finding.severity, severity)) return true;
  return false;
}

}  // namespace reftally
