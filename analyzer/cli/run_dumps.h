// The dumps that a `reftally run` left, by process.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace reftally {

struct ProcessDumps {
  std::string program;                     // NAME of NAME.PID.N.tally
  std::string last;                        // path
  std::vector<std::string> while_running;  // snapshots that a signal or the timer asked for, oldest first; paths
};

// Of the processes that belong to `run`, by name and process; that of `first` at the head.
std::vector<ProcessDumps> dumps_of_run(const std::string& folder, uint64_t run, pid_t first);

// Paths of them all; of files alone, not of links to them.
std::vector<std::string> dump_files_of_run(const std::string& folder, uint64_t run);

// A shell that starts the program, as a pyenv shim does by way of forty others, is not what anybody asked about.
bool is_of_shell(const ProcessDumps& dumps);

// The same snapshots, or so many of them with about as many between each two.
std::vector<std::string> evenly_spaced(const std::vector<std::string>& dumps, size_t most);

}  // namespace reftally
