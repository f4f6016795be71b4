#include "analyzer/cli/installed.h"

#include <fmt/format.h>

#include "analyzer/base/error.h"

namespace reftally {

std::filesystem::path installed_file(const char* name, const char* what) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  if (error) throw Error("cannot find where reftally is installed: /proc/self/exe: " + error.message());
  fs::path file = self.parent_path().parent_path() / "lib" / "reftally" / name;
  if (!fs::exists(file)) throw Error(fmt::format("{}: {} is not there; reinstall Reftally", file.string(), what));
  return file;
}

}  // namespace reftally
