// Stops every other thread of the process for a moment and learns its registers.
//
// By a real-time signal to each thread; the handler saves the registers and waits. A thread that blocks the signal is
// not signalled at all (the signal would stay pending, also over exec, and could kill the new program): it runs on,
// and its whole stack counts as used. Known cost: a thread in nanosleep or poll sees EINTR (research/native.md H3).
#pragma once

#include <cstdint>

#include "runtime/dump/format.h"

namespace reftally::runtime {

struct StoppedThread {
  uint32_t tid;
  bool registers_known;
  uint64_t thread_pointer;
  uint64_t registers[dump::kRegisterCount];
};

class StoppedWorld {
 public:
  static bool prepare() noexcept;  // takes memory, once

  void stop() noexcept;
  void resume() noexcept;

  uint32_t count() const noexcept;
  const StoppedThread& operator[](uint32_t i) const noexcept;
  uint32_t not_stopped() const noexcept { return not_stopped_; }

 private:
  uint32_t not_stopped_ = 0;
  uint32_t signalled_ = 0;
};

}  // namespace reftally::runtime
