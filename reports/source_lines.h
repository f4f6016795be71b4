// The lines of a source file around a declaration, when the file is at hand.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "reports/report.h"

namespace reftally {

class SourceLines {
 public:
  // Paths that debug information has relative to the folder of the compiler are looked for below these, and below the
  // folders that contain them.
  explicit SourceLines(std::vector<std::string> folders) : folders_(std::move(folders)) {}

  // Around "FILE:LINE". Nothing when there is no such file, or when none of the lines shown has `word` in it: a file
  // that has changed since the program was built would mislead.
  std::vector<ReportSourceLine> around(const std::string& location, const std::string& word);

 private:
  const std::vector<std::string>& file(const std::string& path);

  std::vector<std::string> folders_;
  std::map<std::string, std::vector<std::string>> files_;
};

}  // namespace reftally
