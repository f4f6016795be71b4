#include <ostream>

#include "analyzer/lint/lint_report.h"

namespace reftally::lint {
namespace {

void line(const LintReport& report, std::ostream& out, const Location& at, const char* severity,
          const std::string& text) {
  out << shown_path(report, at.file) << ':' << at.line << ':' << at.column << ": " << severity << ": " << text;
}

}  // namespace

void render_lint_text(const LintReport& report, std::ostream& out) {
  for (const LintFinding& finding : report.findings) {
    line(report, out, finding.location, name_of(finding.severity), finding.message);
    out << " [reftally-" << finding.rule << "]\n";
    for (const LintNote& note : finding.notes) line(report, out, note.location, "note", note.text), out << '\n';
    if (!finding.weaken.empty())
      line(report, out, finding.location, "note", "advice: make " + finding.weaken + " weak"), out << '\n';
  }
}

}  // namespace reftally::lint
