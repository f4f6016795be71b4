// The advice of findings as a patch, for people to look at: nothing is applied. Uses of a member that became weak must
// lock() it, so what the patch leaves does not compile until somebody has thought about each.
#include <fstream>
#include <map>
#include <ostream>

#include "analyzer/lint/lint_report.h"

namespace reftally::lint {
namespace {

constexpr size_t kContext = 3;  // lines around a change, as diff -u

std::vector<std::string> lines_of(const std::string& file) {
  std::vector<std::string> lines;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

bool replace_all(std::string& text, const std::string& from, const std::string& to) {
  bool found = false;
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
    found = true;
  }
  return found;
}

// The line with its member or capture made weak; empty when its text does not say how.
std::string weakened(const std::string& line, const LintFinding& finding) {
  std::string text = line;
  if (finding.weaken_type.empty()) {  // a capture
    if (replace_all(text, "shared_from_this()", "weak_from_this()")) return text;
    const size_t open = finding.weaken.find('\''), close = finding.weaken.rfind('\'');
    if (open == std::string::npos || close <= open) return {};
    const std::string name = finding.weaken.substr(open + 1, close - open - 1);
    for (const char* after : {"]", ","})
      for (const char* before : {"[", ", ", ","})
        if (replace_all(text, before + name + after, before + name + " = std::weak_ptr(" + name + ")" + after))
          return text;
    return {};
  }
  if (replace_all(text, "shared_ptr<", "weak_ptr<")) return text;
  // An alias: `NodePtr parent_;`. Only a plain pointer can be written out.
  const std::string strong = "shared_ptr<";
  const size_t at = finding.weaken_type.find(strong);
  const std::string name = finding.weaken.substr(finding.weaken.rfind(':') + 1);
  const size_t named = line.find(name);
  if ((at != 0 && at != 5) || named == std::string::npos) return {};  // 5: "std::"
  std::string type = finding.weaken_type;
  type.replace(at, strong.size(), "weak_ptr<");
  return line.substr(0, line.find_first_not_of(" \t")) + type + " " + line.substr(named);
}

void write_hunks(const std::vector<std::string>& lines, const std::map<size_t, std::string>& changes,
                 std::ostream& out) {
  for (auto first = changes.begin(); first != changes.end();) {
    auto last = first;
    while (std::next(last) != changes.end() && std::next(last)->first - last->first <= 2 * kContext) ++last;
    const size_t begin = first->first > kContext ? first->first - kContext : 0;
    const size_t end = std::min(lines.size(), last->first + kContext + 1);
    out << "@@ -" << begin + 1 << ',' << end - begin << " +" << begin + 1 << ',' << end - begin << " @@\n";
    for (size_t i = begin; i < end; ++i) {
      const auto change = changes.find(i);
      if (change == changes.end())
        out << ' ' << lines[i] << '\n';
      else
        out << '-' << lines[i] << "\n+" << change->second << '\n';
    }
    first = std::next(last);
  }
}

}  // namespace

void render_lint_diff(const LintReport& report, std::ostream& out) {
  std::map<std::string, std::map<size_t, std::string>> changes;
  std::map<std::string, std::vector<std::string>> files;
  for (const LintFinding& finding : report.findings) {
    if (finding.weaken.empty() || finding.severity < LintSeverity::kWarning) continue;
    const std::string& file = finding.location.file;
    auto [lines, is_new] = files.try_emplace(file);
    if (is_new) lines->second = lines_of(file);
    const size_t row = finding.location.line - 1;
    const std::string text = row < lines->second.size() ? weakened(lines->second[row], finding) : "";
    if (text.empty())
      out << "# " << shown_path(report, file) << ':' << finding.location.line << ": make " << finding.weaken
          << " weak: the line does not spell its type\n";
    else
      changes[file][row] = text;
  }
  for (const auto& [file, rows] : changes) {
    out << "--- a/" << shown_path(report, file) << "\n+++ b/" << shown_path(report, file) << '\n';
    write_hunks(files[file], rows, out);
  }
}

}  // namespace reftally::lint
