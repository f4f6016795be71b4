// The life of the agent in a process: start, fork, exit.
#pragma once

#include "runtime/core/program_state.h"

namespace reftally::runtime {

void start_once() noexcept;
extern bool started;
// Recording begins with the first allocation after the C library knows the environment.
inline void ensure_started() noexcept {
  if (!started) [[unlikely]]
    start_once();
}

void snapshot_at_exit(dump::SnapshotReason reason, const ProgramState& here) noexcept;  // once a process

}  // namespace reftally::runtime
