#include <fmt/format.h>

#include "analyzer/cli/command.h"
#include "analyzer/image/dump_image.h"
#include "reports/escape.h"
#include "reports/names.h"

namespace reftally {
namespace {

void print_summary(const std::string& path, const DumpSummary& summary) {
  fmt::print("{}: dump version {}.{}, {}\n", printable(path), summary.version_major, summary.version_minor,
             bytes_text(summary.file_size));
  fmt::print("program   {} (pid {})\n", printable(summary.process.executable), summary.process.pid);
  fmt::print("command   {}\n", printable(summary.process.command_line));
  fmt::print("snapshot  {}, threads stopped for {:.2f} ms\n", summary.process.sequence,
             static_cast<double>(summary.process.pause_ns) / 1e6);
  fmt::print("\n{:<8} {:>9} {:>12} {:>12} {:>12}\n", "section", "pieces", "records", "bytes", "in file");
  for (const DumpSummary::Section& section : summary.sections)
    fmt::print("{:<8} {:>9} {:>12} {:>12} {:>12}{}\n", printable(section.name), section.sections,
               section.records != 0 ? count_text(section.records) : "", bytes_text(section.raw_size),
               bytes_text(section.stored_size), section.known ? "" : "  (unknown, skipped)");
  for (const auto& [kind, text] : summary.notes)
    fmt::print("{}: {}\n", kind == dump::NoteKind::kWarning ? "warning" : "note", printable(text));
}

}  // namespace

RunCommand prepare_info(CLI::App& parser) {
  auto path = std::make_shared<std::string>();
  parser.add_option("DUMP", *path, "dump to look at")->required();
  return [path] {
    print_summary(*path, summarize_dump(*path));
    return kExitClean;
  };
}

}  // namespace reftally
