// The gate for CI: findings against a baseline file that is reviewed with the code.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "analyzer/base/error.h"
#include "analyzer/cli/analysis_options.h"
#include "analyzer/cli/command.h"
#include "analyzer/cli/text_file.h"
#include "analyzer/findings/baseline.h"
#include "reports/escape.h"
#include "reports/names.h"
#include "reports/summary.h"

namespace reftally {
namespace {

namespace fs = std::filesystem;

struct CheckOptions {
  std::vector<std::string> dumps;
  std::string baseline, format = "text", fail_on = "warning";
  bool update = false, prune = false;
  AnalysisCommandOptions analysis;
};

// Findings of all dumps by fingerprint: the first of the most severe stands for the others.
struct Found {
  std::vector<BaselineEntry> entries;
  std::map<std::string, ReportFinding> examples;
  size_t suppressed = 0;
  std::vector<std::string> warnings;
};

void add_report(const Report& report, Found& found) {
  for (BaselineEntry& entry : entries_of(report)) found.entries.push_back(std::move(entry));
  for (const ReportFinding& finding : report.findings) {
    ReportFinding& example = found.examples.try_emplace(finding.fingerprint, finding).first->second;
    if (!is_at_least(example.severity, finding.severity)) example = finding;
  }
  found.suppressed += report.suppressed.size();
  for (const std::string& warning : report.warnings) found.warnings.push_back(warning);
}

// As the baseline has it.
void keep_allowed(const BaselineEntry& found, const std::vector<BaselineEntry>& baseline,
                  std::vector<BaselineEntry>& entries) {
  for (const BaselineEntry& entry : baseline)
    if (entry.fingerprint == found.fingerprint || entry.fingerprint == found.twin) entries.push_back(entry);
}

// What is less severe than asked for is nothing new, and what the baseline has of it stays there: it was found.
void pass_over_mild(BaselineComparison& comparison, const Found& found, const std::vector<BaselineEntry>& baseline,
                    const std::string& fail_on) {
  const auto is_mild = [&](const BaselineEntry& entry) {
    return !is_at_least(found.examples.at(entry.fingerprint).severity, fail_on);
  };
  for (const BaselineEntry& entry : comparison.grown)
    if (is_mild(entry)) keep_allowed(entry, baseline, comparison.known);
  std::erase_if(comparison.grown, is_mild);
  std::erase_if(comparison.fresh, is_mild);
}

// "Fix: make Page::document_ weak (page.h:15): …"; annotations stand at the place, and do without it.
std::string advice_text(const ReportAdvice& advice, bool with_place) {
  return fmt::format("{}: {}: {}", advice.safe ? "Fix" : "Maybe", with_place ? action_text(advice) : advice.action,
                     advice.reason);
}

// ---- text

void print_finding(const char* verdict, const BaselineEntry& entry, const Found& found) {
  const ReportFinding& finding = found.examples.at(entry.fingerprint);
  fmt::print("{:<6} {}: {} [{}]\n       {}\n", verdict, finding.severity, entry.rule, entry.fingerprint,
             finding.summary);
  if (!finding.born.empty()) fmt::print("       born in {}\n", printable(frame_text(finding.born.front())));
  if (finding.advice) fmt::print("       {}\n", printable(advice_text(*finding.advice, true)));
}

void print_text(const BaselineComparison& comparison, const Found& found, bool shows_gone) {
  for (const BaselineEntry& entry : comparison.fresh) print_finding("new", entry, found);
  for (const BaselineEntry& entry : comparison.grown) print_finding("grown", entry, found);
  for (const BaselineEntry& entry : comparison.gone)
    if (shows_gone)
      fmt::print("gone   {} [{}]\n       {}\n", printable(entry.rule), printable(entry.fingerprint),
                 printable(entry.summary));
  fmt::print("{} new, {} grown, {} known, {} gone{}, {} suppressed\n", comparison.fresh.size(), comparison.grown.size(),
             comparison.known.size(), comparison.gone.size(),
             comparison.gone.empty() || !shows_gone ? "" : " (drop them with --prune)", found.suppressed);
}

// ---- GitHub's workflow commands: an annotation each, at the reference to weaken, or where the object was made

std::string github_escaped(std::string_view text, bool property) {
  std::string escaped;
  for (const char c : text) {
    if (c == '%' || c == '\r' || c == '\n' || (property && (c == ':' || c == ','))) {
      escaped += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    } else {
      escaped += c;
    }
  }
  return escaped;
}

// "src/session.h:18" as properties; a path below the current folder is told from there, as annotations want it.
std::string github_place(const std::string& location) {
  const size_t colon = location.rfind(':');
  if (colon == std::string::npos) return "";
  fs::path file = location.substr(0, colon);
  if (file.is_absolute())
    if (const fs::path nearer = file.lexically_relative(fs::current_path()); *nearer.begin() != "..") file = nearer;
  return fmt::format(" file={},line={},", github_escaped(file.string(), true),
                     github_escaped(location.substr(colon + 1), true));
}

std::string place_of(const ReportFinding& finding) {
  if (finding.advice && !finding.advice->location.empty()) return finding.advice->location;
  for (const ReportEdge& edge : finding.cycle)
    if (!edge.location.empty()) return edge.location;
  for (const ReportFrame& frame : finding.born)
    if (!frame.file.empty()) return fmt::format("{}:{}", frame.file, frame.line);
  return "";
}

void print_github(const BaselineComparison& comparison, const Found& found) {
  for (const auto* list : {&comparison.fresh, &comparison.grown}) {
    for (const BaselineEntry& entry : *list) {
      const ReportFinding& finding = found.examples.at(entry.fingerprint);
      std::string text = finding.summary;
      if (finding.advice) text += fmt::format(". {}", advice_text(*finding.advice, false));
      std::string place = github_place(place_of(finding));
      if (place.empty()) place = " ";
      fmt::print("::{}{}title={}::{}\n", finding.severity == "note" ? "notice" : finding.severity, place,
                 github_escaped(entry.rule, true), github_escaped(text, false));
    }
  }
}

// ---- the baseline

std::vector<BaselineEntry> updated(const BaselineComparison& comparison, bool prune) {
  std::vector<BaselineEntry> entries;
  for (const auto* list : {&comparison.fresh, &comparison.grown, &comparison.known})
    entries.insert(entries.end(), list->begin(), list->end());
  if (!prune) entries.insert(entries.end(), comparison.gone.begin(), comparison.gone.end());
  return entries;
}

// Keeps what is known as it is there (with fewer instances, if fewer were found), drops what is gone, accepts nothing.
std::vector<BaselineEntry> pruned(const BaselineComparison& comparison, const std::vector<BaselineEntry>& baseline) {
  std::vector<BaselineEntry> entries = comparison.known;
  for (const BaselineEntry& grown : comparison.grown) keep_allowed(grown, baseline, entries);
  return entries;
}

int check(const CheckOptions& options) {
  check_files_of(options.analysis);
  const bool exists = fs::exists(options.baseline);
  if (!exists && !options.update && !options.baseline.empty())
    throw Error(fmt::format("{}: there is no such baseline; make one with --update-baseline", options.baseline));
  std::vector<BaselineEntry> baseline;
  if (exists) baseline = read_baseline(read_text_file(options.baseline), options.baseline);
  Found found;
  for (const std::string& dump : options.dumps)
    add_report(report_of(analyze_dump(dump, options.analysis), OutputOptions{}), found);
  BaselineComparison comparison = compare_with_baseline(found.entries, baseline);
  pass_over_mild(comparison, found, baseline, options.fail_on);
  for (const std::string& warning : found.warnings) fmt::print(stderr, "reftally: {}\n", printable(warning));
  if (options.format == "github") {
    print_github(comparison, found);
  } else {
    print_text(comparison, found, !options.prune);
  }
  if (options.update) {
    write_bytes(write_baseline(updated(comparison, options.prune)), options.baseline, stdout);
    return kExitClean;
  }
  if (options.prune) write_bytes(write_baseline(pruned(comparison, baseline)), options.baseline, stdout);
  return comparison.fresh.empty() && comparison.grown.empty() ? kExitClean : kExitFindings;
}

std::string is_told_by_check(const std::string& format) {
  if (format == "text" || format == "github") return "";
  return fmt::format(
      "{} not in {{text,github}}; `reftally analyze --output FILE` and `reftally run --report FILE` "
      "write reports of other formats",
      format);
}

}  // namespace

RunCommand prepare_check(CLI::App& parser) {
  auto options = std::make_shared<CheckOptions>();
  parser.add_option("DUMP", options->dumps, "dumps written by `reftally run`, or core files")->required();
  CLI::Option* baseline = parser.add_option("--baseline", options->baseline, "findings that may be there (JSON)");
  parser.add_flag("--update-baseline", options->update, "accept what was found, and say so in the baseline")
      ->needs(baseline);
  parser.add_flag("--prune", options->prune, "drop from the baseline what was not found")->needs(baseline);
  parser.add_option("--format,-f", options->format, "how findings are told")
      ->check(is_told_by_check)
      ->type_name("TEXT:{text,github}")
      ->capture_default_str();
  parser.add_option("--fail-on", options->fail_on, "least severity of a finding that counts")
      ->check(CLI::IsMember({"note", "warning", "error"}))
      ->capture_default_str();
  add_analysis_options(parser, options->analysis);
  parser.footer(
      "Exit status 1 when a finding is not in the baseline, or has more instances than it allows; else 0.\n"
      "Without --baseline every finding is new.");
  return [options] { return check(*options); };
}

}  // namespace reftally
