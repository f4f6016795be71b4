#include "analyzer/cli/drop_folder.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <vector>

#include "analyzer/cli/run_dumps.h"

namespace reftally {
namespace {

namespace fs = std::filesystem;

// To another file system too.
void move_file(const fs::path& from, const fs::path& to) {
  std::error_code other_system, failed;
  fs::rename(from, to, other_system);
  if (other_system && fs::copy_file(from, to, failed)) fs::remove(from, failed);
}

bool is_of_root(pid_t process) {
  struct stat found{};
  return stat(("/proc/" + std::to_string(process)).c_str(), &found) != 0 || found.st_uid == 0;
}

}  // namespace

DropFolder::DropFolder(const std::string& folder) {
  constexpr mode_t kAllMayWrite = S_ISVTX | S_IRWXU | S_IWGRP | S_IXGRP | S_IWOTH | S_IXOTH;
  if (geteuid() != 0 || access(folder.c_str(), W_OK | X_OK) != 0) return;
  std::string path = "/tmp/reftally-XXXXXX";  // a folder of TMPDIR may be one that only root may enter
  if (mkdtemp(path.data()) == nullptr) return;
  path_ = path;
  if (chmod(path.c_str(), kAllMayWrite) != 0) rmdir(path.c_str()), path_.clear();
}

DropFolder::~DropFolder() {
  std::error_code stays;
  if (!path_.empty() && !is_left_) fs::remove_all(path_, stays);
}

size_t DropFolder::empty_into(const std::string& folder, uint64_t run) {
  if (path_.empty()) return 0;
  const std::vector<std::string> dumps = dump_files_of_run(path_, run);
  for (const std::string& dump : dumps) move_file(dump, fs::path(folder) / fs::path(dump).filename());
  return dumps.size();
}

bool DropFolder::leave_to(const std::vector<pid_t>& processes) {
  is_left_ = !path_.empty() && !std::all_of(processes.begin(), processes.end(), is_of_root);
  return is_left_;
}

}  // namespace reftally
