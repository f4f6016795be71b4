#include "analyzer/lint/nolint.h"

#include <fstream>

namespace reftally::lint {
namespace {

// Does the comment `word` in this line name the rule? Without a list it names them all.
bool names_rule(const std::string& line, const std::string& word, const std::string& rule) {
  for (size_t at = line.find(word); at != std::string::npos; at = line.find(word, at + 1)) {
    const size_t after = at + word.size();
    if (after < line.size() && isalnum(static_cast<unsigned char>(line[after]))) continue;  // NOLINT in NOLINTNEXTLINE
    if (after >= line.size() || line[after] != '(') return true;
    size_t start = after + 1;
    const size_t close = std::min(line.find(')', start), line.size());
    while (start < close) {
      const size_t comma = std::min(line.find(',', start), close);
      std::string glob = line.substr(start, comma - start);
      glob.erase(0, glob.find_first_not_of(' '));
      glob.erase(glob.find_last_not_of(' ') + 1);
      if (glob_matches(glob.c_str(), ("reftally-" + rule).c_str())) return true;
      start = comma + 1;
    }
  }
  return false;
}

}  // namespace

bool glob_matches(const char* pattern, const char* text) {
  if (*pattern == '\0') return *text == '\0';
  if (*pattern == '*') return glob_matches(pattern + 1, text) || (*text && glob_matches(pattern, text + 1));
  return *text && *pattern == *text && glob_matches(pattern + 1, text + 1);
}

const std::vector<std::string>& NoLint::lines(const std::string& file) {
  auto [slot, is_new] = files_.try_emplace(file);
  if (is_new) {
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);) slot->second.push_back(line);
  }
  return slot->second;
}

uint32_t NoLint::silenced_by(const Location& at, const std::string& rule) {
  const std::vector<std::string>& text = lines(at.file);
  if (at.line == 0 || at.line > text.size()) return 0;
  if (names_rule(text[at.line - 1], "NOLINT", rule)) return at.line;
  if (at.line > 1 && names_rule(text[at.line - 2], "NOLINTNEXTLINE", rule)) return at.line - 1;
  for (uint32_t line = at.line; line > 0; --line) {
    if (names_rule(text[line - 1], "NOLINTEND", rule)) return 0;
    if (names_rule(text[line - 1], "NOLINTBEGIN", rule)) return line;
  }
  return 0;
}

void NoLint::apply(LintFinding& finding) {
  auto at = [&](const Location& place) {
    const uint32_t line = silenced_by(place, finding.rule);
    if (line) finding.suppressed_by = "NOLINT at " + place.file + ":" + std::to_string(line);
  };
  at(finding.location);
  for (const LintNote& note : finding.notes)
    if (note.is_edge && finding.suppressed_by.empty()) at(note.location);
}

}  // namespace reftally::lint
