#include "reports/source_lines.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "reports/escape.h"

namespace reftally {
namespace {

constexpr size_t kContext = 2;          // lines before and after
constexpr size_t kMostLines = 200'000;  // of a file
constexpr size_t kMostColumns = 160;
constexpr int kMostFolders = 8;              // up from where the program lies
constexpr uint64_t kMostBytes = 20'000'000;  // a bigger file is no source

std::vector<std::string> read_lines(const std::filesystem::path& path) {
  std::vector<std::string> lines;
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error) || std::filesystem::file_size(path, error) > kMostBytes) return {};
  std::ifstream file(path);
  for (std::string line; lines.size() < kMostLines && std::getline(file, line);) {
    for (size_t tab = 0; (tab = line.find('\t', tab)) != std::string::npos;) line.replace(tab, 1, "    ");
    if (line.ends_with('\r')) line.pop_back();
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace

const std::vector<std::string>& SourceLines::file(const std::string& path) {
  auto [found, fresh] = files_.try_emplace(path);
  if (!fresh) return found->second;
  const std::filesystem::path wanted(path);
  found->second = read_lines(wanted);
  if (!wanted.is_relative()) return found->second;
  for (const std::string& start : folders_) {
    std::filesystem::path folder(start);
    for (int i = 0; i < kMostFolders && found->second.empty() && folder.has_relative_path(); i++) {
      found->second = read_lines(folder / wanted);
      folder = folder.parent_path();
    }
  }
  return found->second;
}

std::vector<ReportSourceLine> SourceLines::around(const std::string& location, const std::string& word) {
  const size_t colon = location.rfind(':');
  if (colon == std::string::npos || word.empty()) return {};
  const size_t here = std::strtoul(location.c_str() + colon + 1, nullptr, 10);
  const std::vector<std::string>& lines = file(location.substr(0, colon));
  if (here == 0 || here > lines.size()) return {};
  std::vector<ReportSourceLine> shown;
  bool has_word = false;
  for (size_t i = here - std::min(here, kContext + 1); i < std::min(here + kContext, lines.size()); i++) {
    shown.push_back({static_cast<uint32_t>(i + 1), printable(cut(lines[i], kMostColumns)), i + 1 == here});
    has_word = has_word || lines[i].find(word) != std::string::npos;
  }
  return has_word ? shown : std::vector<ReportSourceLine>();
}

}  // namespace reftally
