// A folder that goes with the run.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>

#include "analyzer/base/error.h"

namespace reftally::lint {

class TemporaryFolder {
 public:
  TemporaryFolder() : path_((std::filesystem::temp_directory_path() / "reftally-lint-XXXXXX").string()) {
    if (!mkdtemp(path_.data())) throw Error(path_ + ": cannot be made");
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace reftally::lint
