// One snapshot of the interpreter: cloned under the GIL, written by the child. With the native agent in the process
// it is a part of that agent's dump, else a dump of its own.
#pragma once

#include "runtime/core/options.h"
#include "runtime/dump/format.h"
#include "runtime/python/interpreter.h"

namespace reftally::python {

void prepare_snapshots(const runtime::Options& options) noexcept;  // once a process, and again after fork
bool is_this_process() noexcept;                                   // false in a child of vfork, or of fork and exec

struct SnapshotResult {
  uint32_t sequence = 0;  // 0: none was taken
  uint64_t pause_ns = 0;  // how long the interpreter stood still
};
// The calling thread holds the GIL. `wait`: return when the file is whole; other Python threads run meanwhile.
SnapshotResult take_snapshot(dump::SnapshotReason reason, bool wait) noexcept;
// OUTPUT_DIR/NAME.PID.N.tally; false when too long.
bool snapshot_path(uint32_t sequence, char* buffer, size_t capacity) noexcept;

// A list of (weak reference or None, address, reason) that every later snapshot writes as expectations; borrowed.
void set_expectations(Address list) noexcept;

}  // namespace reftally::python
