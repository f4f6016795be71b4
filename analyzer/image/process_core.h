// A core file of a process that lives: stopped, copied, let go. The kernel writes one only when the process dies, and
// gcore writes pages that were never touched as well.
#pragma once

#include <cstdint>
#include <string>

namespace reftally {

struct WrittenCore {
  std::string path;
  uint64_t memory_bytes = 0;  // copied
  uint64_t pause_ns = 0;      // how long the process stood still
};

// Writes FOLDER/NAME.PID.core. Throws Error when the process is not there, may not be traced, or runs under the agent
// already; nothing half-written is left behind then, and the process goes on in any case.
WrittenCore write_process_core(uint32_t pid, const std::string& folder);

}  // namespace reftally
