// Mappings with a path in /proc/PID/maps that are memory and no file on a disk or device.
#pragma once

#include <cstring>

namespace reftally {

inline bool is_shared_memory(const char* path) noexcept {
  for (const char* prefix : {"/dev/zero", "/dev/shm/", "/memfd:", "/SYSV"})
    if (strncmp(path, prefix, strlen(prefix)) == 0) return true;
  return false;
}

}  // namespace reftally
