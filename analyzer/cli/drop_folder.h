// Where a program that is started as root and gives up its rights, as most servers do, leaves its dumps: a folder of
// root's that anybody may write to and nobody else look into.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace reftally {

class DropFolder {
 public:
  explicit DropFolder(const std::string& folder);  // there is none unless this is root, who may write to `folder`
  ~DropFolder();                                   // takes it away, unless it was left to somebody
  DropFolder(const DropFolder&) = delete;
  DropFolder& operator=(const DropFolder&) = delete;

  const std::string& path() const { return path_; }  // empty: none

  // Moves the dumps of the run there; how many. Others may have written to it too: what is no file, or no dump of this
  // run, stays and goes with it.
  size_t empty_into(const std::string& folder, uint64_t run);
  bool leave_to(const std::vector<pid_t>& processes);  // if some that still run are not root's

 private:
  std::string path_;
  bool is_left_ = false;
};

}  // namespace reftally
