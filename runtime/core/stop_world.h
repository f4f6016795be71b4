// Stops every other thread of the process for a moment and learns its registers.
//
// By a real-time signal to each thread; the handler saves the registers and waits. A thread that blocks the signal
// would keep it pending, also over exec, where it could kill the new program, and sigwait() would return it: such
// threads get one that the C library keeps for itself (library_signal.h). A thread that blocks that too runs on, and
// its whole stack counts as used. SA_RESTART does not cover poll, nanosleep and their kind, and 600 of 600 threads saw
// EINTR from them (research/native.md H3): the handler itself restarts these calls (syscall_restart.h).
#pragma once

#include <cstdint>

#include "runtime/core/program_state.h"

namespace reftally::runtime {

class StoppedWorld {
 public:
  static bool prepare() noexcept;  // takes memory, once

  void stop() noexcept;
  void resume() noexcept;
  void forget() noexcept;  // in a forked child: nobody is stopped here

  uint32_t count() const noexcept { return stopped_; }
  const ProgramState& operator[](uint32_t i) const noexcept;
  uint32_t not_stopped() const noexcept { return not_stopped_ + (too_many_ ? 1 : 0); }

 private:
  void stop_once() noexcept;
  void signal_new_threads() noexcept;
  void wait_for_signalled() noexcept;

  uint32_t signalled_ = 0;  // rows in use
  uint32_t stopped_ = 0;    // rows filled, moved to the front
  uint32_t not_stopped_ = 0;
  bool too_many_ = false;  // threads: what is beyond the table runs on
  bool timed_out_ = false;
};

}  // namespace reftally::runtime
