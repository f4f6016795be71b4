// Runs a program under the agent, passes its standard streams, signals and exit status through, then analyzes the dumps
// that it and its children left.
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <map>
#include <set>

#include "analyzer/base/error.h"
#include "analyzer/cli/analysis_options.h"
#include "analyzer/cli/command.h"
#include "analyzer/cli/drop_folder.h"
#include "analyzer/cli/installed.h"
#include "analyzer/cli/left_running.h"
#include "analyzer/cli/run_dumps.h"
#include "analyzer/cli/text_file.h"
#include "analyzer/cli/unrecorded.h"
#include "analyzer/cli/unseen_programs.h"
#include "analyzer/findings/baseline.h"
#include "reports/names.h"

namespace reftally {
namespace {

namespace fs = std::filesystem;

struct RunOptions {
  std::vector<std::string> program;
  std::string dump_dir = ".";
  std::vector<std::string> history;  // types
  std::vector<std::string> only;     // names of executables
  std::string baseline;              // findings to live with, as `reftally check` writes them
  bool remove_dumps = false;
  bool no_analyze = false, full_contents = false, no_stacks = false, native_frames = false, no_zero_fill = false,
       verbose = false, redact = false;
  int stack_depth = 0, snapshot_signal = 0;
  double every = 0;         // seconds between snapshots; 0: none
  int error_exitcode = 23;  // as LeakSanitizer
  AnalysisCommandOptions analysis;
  OutputOptions output;
};

void set(const char* name, const std::string& value) { setenv(name, value.c_str(), 1); }

void prepend(const char* name, const std::string& value) {
  const char* before = getenv(name);
  set(name, value + (before != nullptr && *before != '\0' ? ":" + std::string(before) : ""));
}

// The CPython agent does nothing in a process without an interpreter; programs start interpreters as children too.
void add_python_agent(const fs::path& folder) {
  const fs::path agent = folder / "libreftally-python.so";
  if (!fs::exists(agent)) return;  // built with REFTALLY_PYTHON off
  prepend("LD_PRELOAD", agent.string());
  prepend("PYTHONPATH", (folder / "python").string());
}

// AddressSanitizer ends a program whose first library is not its own; behind the agent it works as well.
void allow_agent_before_sanitizer() {
  const char* given = getenv("ASAN_OPTIONS");
  const std::string options = given ? given : "";
  if (options.find("verify_asan_link_order") != options.npos) return;
  set("ASAN_OPTIONS", options + (options.empty() ? "" : ":") + "verify_asan_link_order=0");
}

// For reftally_tests.hpp in a test program, which starts `reftally check` after each test.
void tell_listeners(const RunOptions& options) {
  std::error_code unknown;
  set("REFTALLY_COMMAND", fs::read_symlink("/proc/self/exe", unknown).string());
  if (!options.baseline.empty()) set("REFTALLY_BASELINE", fs::absolute(options.baseline).string());
  if (options.output.fail_on != "never") set("REFTALLY_FAIL_ON", options.output.fail_on);
  std::string suppressions;
  for (const std::string& file : options.analysis.suppressions) suppressions += fs::absolute(file).string() + '\n';
  if (!suppressions.empty()) set("REFTALLY_SUPPRESSIONS", suppressions);
}

void set_environment(const RunOptions& options, const fs::path& agent, const DropFolder& drop) {
  // GLib before 2.76 cuts objects from blocks of its own, where nobody sees them come and go; told so, it asks malloc.
  setenv("G_SLICE", "always-malloc", 0);
  prepend("LD_PRELOAD", agent.string());
  allow_agent_before_sanitizer();
  add_python_agent(agent.parent_path());
  tell_listeners(options);
  set("REFTALLY_OUTPUT_DIR", fs::absolute(options.dump_dir).string());
  if (!drop.path().empty()) set("REFTALLY_DROP_DIR", drop.path());
  if (options.full_contents) set("REFTALLY_CONTENTS", "full");
  if (options.redact) set("REFTALLY_REDACT", "1");
  if (options.no_stacks) set("REFTALLY_STACKS", "0");
  if (!options.no_stacks && getenv("REFTALLY_PYTHON_STACKS") == nullptr) set("REFTALLY_PYTHON_STACKS", "8");
  if (options.native_frames) set("REFTALLY_PYTHON_NATIVE_FRAMES", "1");
  if (options.no_zero_fill) set("REFTALLY_ZERO_FILL", "0");
  if (options.stack_depth > 0) set("REFTALLY_STACK_DEPTH", std::to_string(options.stack_depth));
  if (options.snapshot_signal > 0) set("REFTALLY_SIGNAL", std::to_string(options.snapshot_signal));
  if (options.every > 0) set("REFTALLY_EVERY", std::to_string(std::lround(options.every * 1000)));
  if (options.verbose) set("REFTALLY_VERBOSE", "1");
  if (!options.only.empty()) set("REFTALLY_ONLY", fmt::format("{}", fmt::join(options.only, ":")));
  if (!options.history.empty()) set("REFTALLY_HISTORY", fmt::format("{}", fmt::join(options.history, ",")));
}

volatile sig_atomic_t child_pid = 0;

void forward_signal(int number) {
  if (child_pid > 0) kill(child_pid, number);
}

// A terminal sends SIGINT and SIGQUIT to the whole foreground group: the program decides, we wait for it.
void forward_signals() {
  struct sigaction action{};
  action.sa_handler = forward_signal;
  action.sa_flags = SA_RESTART;
  for (int number : {SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGCONT}) sigaction(number, &action, nullptr);
  action.sa_handler = SIG_IGN;
  for (int number : {SIGINT, SIGQUIT}) sigaction(number, &action, nullptr);
}

[[noreturn]] void become_program(const RunOptions& options) {
  std::vector<char*> arguments;
  for (const std::string& word : options.program) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  execvp(arguments[0], arguments.data());
  const int error = errno;
  fmt::print(stderr, "reftally: {}: cannot be run: {}\n", options.program[0], strerror(error));
  _exit(error == ENOENT ? 127 : 126);  // as env(1)
}

struct Ended {
  pid_t pid;
  int status;  // as waitpid(2) tells it
};

// Waits for the program; children of its own that outlive it are not ours to wait for.
Ended run_program(const RunOptions& options, const DropFolder& drop, uint64_t run) {
  const fs::path agent = installed_file("libreftally-agent.so", "the agent");
  const pid_t pid = fork();
  if (pid < 0) throw Error(fmt::format("cannot fork: {}", strerror(errno)));
  if (pid == 0) {
    set_environment(options, agent, drop);
    mark_run(run);
    become_program(options);
  }
  child_pid = pid;
  forward_signals();
  int status = 0;
  while (waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) throw Error(fmt::format("cannot wait for the program: {}", strerror(errno)));
  child_pid = 0;
  return {pid, status};
}

// Many processes of one program, such as a shell's children, leave the same findings: told of the first. Two findings
// of one process may well have one fingerprint.
size_t drop_told(std::set<std::string>& told, Report& report) {
  auto key = [&](const ReportFinding& finding) { return report.executable + '\n' + finding.fingerprint; };
  const size_t dropped =
      std::erase_if(report.findings, [&](const ReportFinding& finding) { return told.contains(key(finding)); });
  for (const ReportFinding& finding : report.findings) told.insert(key(finding));
  return dropped;
}

// Takes out what the baseline has, in no more instances than it allows.
void leave_out_known(Report& report, const std::string& file) {
  if (file.empty()) return;
  const std::vector<BaselineEntry> baseline = read_baseline(read_text_file(file), file);
  std::set<std::string> known;
  for (const BaselineEntry& entry : compare_with_baseline(entries_of(report), baseline).known)
    known.insert(entry.fingerprint);
  std::erase_if(report.findings, [&](const ReportFinding& finding) { return known.contains(finding.fingerprint); });
}

// A dump to look into; against earlier ones of its process for what grows, and for nothing else where a later dump of
// the process tells the rest.
struct Question {
  std::string dump;
  std::vector<std::string> grown_since;
  bool only_growth = false;
};

// What was freed at the end has grown all the same: a dump taken then does not show it.
std::vector<Question> questions_about(const ProcessDumps& dumps) {
  constexpr size_t kLeast = 3, kMost = 9;  // that show growth; that are read for it
  std::vector<std::string> running = evenly_spaced(dumps.while_running, kMost);
  if (running.size() < kLeast) return {{dumps.last, {}}};
  const std::string last_running = running.back();
  running.pop_back();
  if (last_running == dumps.last) return {{last_running, running}};
  return {{dumps.last, {}}, {last_running, running, true}};
}

// Reports on the processes of a run. With one report it goes where the options say; with several, a file gets a number
// from the second on.
class RunReports {
 public:
  explicit RunReports(const RunOptions& options) : options_(options) {}

  bool failed() const { return failed_; }

  void report_all(const std::vector<ProcessDumps>& processes) {
    const bool to_terminal = options_.output.file.empty();
    for (const ProcessDumps& process : processes) {
      if (processes.size() > 1 && to_terminal && is_of_shell(process))
        of_shells_++;
      else
        for (const Question& question : questions_about(process)) answer(question, processes.size() > 1);
      if (options_.remove_dumps) remove(process);
      is_first_ = false;
    }
    if (processes.size() > 1) tell_left_out(processes.size());
  }

 private:
  void answer(const Question& question, bool one_of_many) {
    AnalysisCommandOptions analysis = options_.analysis;
    analysis.grown_since = question.grown_since;
    const AnalyzedDump dump = analyze_dump(question.dump, analysis);
    Report report = report_of(dump, options_.output);
    leave_out_known(report, options_.baseline);
    if (question.only_growth) std::erase_if(report.findings, [](const auto& finding) { return !finding.growth; });
    failed_ |= has_finding_at(report, options_.output.fail_on);
    const bool to_terminal = options_.output.file.empty();
    if (to_terminal) repeated_ += drop_told(told_, report);
    const bool nothing_new =
        report.findings.empty() && (question.only_growth || (one_of_many && to_terminal && !is_first_));
    if (!nothing_new) write_report(report, dump, next_output(), stderr);
  }

  OutputOptions next_output() {
    OutputOptions output = options_.output;
    const fs::path file(output.file);
    if (++reports_ > 1 && !file.empty())
      output.file =
          file.parent_path() / fmt::format("{}-{}{}", file.stem().string(), reports_, file.extension().string());
    return output;
  }

  static void remove(const ProcessDumps& process) {
    std::error_code stays;
    fs::remove(process.last, stays);
    for (const std::string& dump : process.while_running) fs::remove(dump, stays);
  }

  void tell_left_out(size_t processes) const {
    std::string left_out = "those without findings are not shown";
    if (repeated_ != 0)
      left_out += fmt::format(", nor {} told of another process of the same program", plural(repeated_, "finding"));
    const std::string shells = of_shells_ != 0 ? fmt::format(", {} of shells left aside", of_shells_) : "";
    fmt::print(stderr, "reftally: {} analyzed{}; {}\n", plural(processes - of_shells_, "process dump"), shells,
               left_out);
  }

  const RunOptions& options_;
  std::set<std::string> told_;
  size_t repeated_ = 0, of_shells_ = 0, reports_ = 0;
  bool failed_ = false, is_first_ = true;  // process
};

int exit_like(int status) {
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  // Die of the same signal, so that a shell or a service manager sees what it would have seen.
  prctl(PR_SET_DUMPABLE, 0);
  signal(WTERMSIG(status), SIG_DFL);
  raise(WTERMSIG(status));
  return 128 + WTERMSIG(status);
}

// What is wrong with the question is said before the program runs; what goes wrong with the answer is no reason to
// change how it ended, unless a gate hangs on it.
void check_before(const RunOptions& options) {
  check_files_of(options.analysis);
  if (options.baseline.empty()) return;
  if (!fs::exists(options.baseline))
    throw Error(
        fmt::format("{}: there is no such baseline; `reftally check DUMP --baseline {} --update-baseline` makes one",
                    options.baseline, options.baseline));
  read_baseline(read_text_file(options.baseline), options.baseline);
}

enum class Outcome { kClean, kFound, kUnknown };
Outcome judge(const std::vector<ProcessDumps>& dumps, const RunOptions& options) {
  try {
    RunReports reports(options);
    reports.report_all(dumps);
    return reports.failed() ? Outcome::kFound : Outcome::kClean;
  } catch (const std::exception& error) {
    fmt::print(stderr, "reftally: {}\n", error.what());
    return options.output.fail_on == "never" ? Outcome::kClean : Outcome::kUnknown;
  }
}

std::string why_no_dump(const RunOptions& options, const std::string& unseen, int status) {
  if (!unseen.empty()) return unseen;
  if (!options.only.empty()) return "no program that --only names came to its end with the agent";
  return why_unrecorded(options.program[0], status);
}

// Says what became of the dumps where there is more to say than a report does.
void tell_of_dumps(const RunOptions& options, DropFolder& drop, uint64_t run, bool has_dumps, int status) {
  const bool not_run = WIFEXITED(status) && (WEXITSTATUS(status) == 126 || WEXITSTATUS(status) == 127);
  const std::string folder = (fs::absolute(options.dump_dir) / "").lexically_normal().parent_path();
  const std::vector<pid_t> running = left_running(run);
  std::string left = left_running_message(running, folder);
  if (drop.leave_to(running)) left += fmt::format(" (to {} where they gave up root's rights)", drop.path());
  const std::string unseen =
      unseen_message(named_by(options.only, take_unseen_programs(options.dump_dir, run)), options.program);
  if (!left.empty()) fmt::print(stderr, "reftally: {}\n", left);
  if (left.empty() && !has_dumps && !not_run)
    fmt::print(stderr, "reftally: no dump was written: {}\n", why_no_dump(options, unseen, status));
  else if (!unseen.empty() && !not_run)
    fmt::print(stderr, "reftally: {}\n", unseen);
}

int run(const RunOptions& options) {
  check_before(options);
  std::error_code not_made;
  fs::create_directories(options.dump_dir, not_made);
  const uint64_t number = new_run_number();
  Ended ended;
  std::vector<ProcessDumps> dumps;
  {
    DropFolder drop(options.dump_dir);
    ended = run_program(options, drop, number);
    const size_t moved = drop.empty_into(options.dump_dir, number);
    if (options.verbose && moved != 0)
      fmt::print(stderr, "reftally: moved {} to {}\n", plural(moved, "dump"), options.dump_dir);
    dumps = dumps_of_run(options.dump_dir, number, ended.pid);
    tell_of_dumps(options, drop, number, !dumps.empty(), ended.status);
  }
  const bool went_well = WIFEXITED(ended.status) && WEXITSTATUS(ended.status) == 0;
  Outcome outcome = Outcome::kClean;
  if (!options.no_analyze && !dumps.empty()) outcome = judge(dumps, options);
  // A gate that has seen nothing is not open.
  if (!options.no_analyze && dumps.empty() && went_well && options.output.fail_on != "never")
    outcome = Outcome::kUnknown;
  if (outcome == Outcome::kUnknown) return kExitError;
  return outcome == Outcome::kFound ? options.error_exitcode : exit_like(ended.status);
}

}  // namespace

RunCommand prepare_run(CLI::App& parser) {
  auto options = std::make_shared<RunOptions>();
  parser.positionals_at_end();
  parser.add_option("-o,--dump-dir", options->dump_dir, "folder for dumps")->capture_default_str();
  parser.add_flag("--no-analyze", options->no_analyze, "only write dumps");
  parser.add_flag("--remove-dumps", options->remove_dumps, "remove each dump when it has been analyzed");
  parser.add_option("--baseline", options->baseline,
                    "findings that may be there (JSON, of `reftally check`): not told, no reason to fail");
  parser.add_flag("--full-contents", options->full_contents, "keep all words of memory in the dump, text and data too");
  parser.add_flag("--redact", options->redact,
                  "Python: leave keys of dictionaries, which may be data, out of the dump");
  parser.add_flag("--no-stacks", options->no_stacks, "record no birth stacks: faster");
  parser
      .add_flag("--native-frames", options->native_frames,
                "Python: birth stacks begin with the C functions of extensions that allocated; slower")
      ->excludes("--no-stacks");
  parser.add_flag("--no-zero-fill", options->no_zero_fill,
                  "leave new blocks as they are: stale words may pass for references");
  parser
      .add_option("--stack-depth", options->stack_depth,
                  "frames of a birth stack (default 128; of a deeper one the innermost 48)")
      ->check(CLI::Range(1, 128));
  parser
      .add_option("--signal", options->snapshot_signal,
                  "signal number that asks for a snapshot while the program runs; 15 (SIGTERM), 2 (Ctrl-C), 1 and 3 "
                  "then end it")
      ->check(CLI::Range(1, 64));
  parser
      .add_option(
          "--every", options->every,
          "seconds between snapshots while the program runs: what grows is told (at most 9 are kept: then every "
          "second one goes, and the time between them doubles)")
      ->check(CLI::Range(0.1, 1e6));
  parser
      .add_option("--history", options->history,
                  "keep every reference count event of this type, for `explain` (may be given more than once)")
      ->type_name("TYPE")
      ->allow_extra_args(false);
  parser
      .add_option(
          "--only", options->only,
          "of what the program starts, record only executables of this name, such as cc1plus or 'python3*' (may "
          "be given more than once)")
      ->type_name("NAME")
      ->allow_extra_args(false);
  parser.add_flag("--verbose", options->verbose, "say which dumps were written");
  add_analysis_options(parser, options->analysis);
  options->output.fail_on = "never";  // the program's own exit status, unless asked otherwise
  add_output_options(parser, options->output, "--report");
  add_top_option(parser, options->output);
  parser.add_option("--error-exitcode", options->error_exitcode, "exit status for --fail-on")->capture_default_str();
  parser.add_option("PROGRAM", options->program, "program and its arguments, after --")->required();
  return [options] { return run(*options); };
}

}  // namespace reftally
