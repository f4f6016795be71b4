// Processes that parse translation units: one that clang brings down costs one file, and memory is bounded.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace reftally::lint {

struct WorkerLimits {
  unsigned jobs = 1;
  uint64_t memory_mb = 4096;       // address space of a worker; past it the file it works on is given up
  uint64_t recycle_mb = 700;       // resident memory after which a worker is replaced between two files
  unsigned timeout_seconds = 600;  // for one file
};

enum class TaskState : uint8_t { kDone, kFailed, kCrashed, kTimedOut };

struct TaskResult {
  TaskState state = TaskState::kCrashed;
  std::string message;  // of an exception; "killed by signal 9"
};

// Runs work(i) for i in [0, count) in worker processes. work reports by writing files; an exception it throws becomes
// kFailed with its message.
std::vector<TaskResult> run_in_workers(size_t count, const WorkerLimits& limits,
                                       const std::function<void(size_t)>& work);

}  // namespace reftally::lint
