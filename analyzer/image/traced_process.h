// A process all of whose threads stand still for as long as this lives (ptrace(2)).
#pragma once

#include <sys/procfs.h>

#include <cstdint>
#include <string>
#include <vector>

namespace reftally {

class TracedProcess {
 public:
  explicit TracedProcess(uint32_t pid);  // throws Error
  ~TracedProcess();                      // the threads go on
  TracedProcess(const TracedProcess&) = delete;
  TracedProcess& operator=(const TracedProcess&) = delete;

  // What a core tells of each thread, the main one first. Its registers are what a blocked call was made with.
  std::vector<prstatus_t> threads() const;

 private:
  struct StoppedThread {
    int id;
    int signal;  // that was about to be delivered, or 0
  };

  bool stop_new_threads();
  void let_go() const;
  bool stop(int thread);
  [[noreturn]] void fail(int error) const;

  uint32_t pid_;
  std::vector<StoppedThread> stopped_;
};

}  // namespace reftally
