// One snapshot of the interpreter: cloned under the GIL, written by the child.
#pragma once

#include "runtime/core/options.h"
#include "runtime/dump/format.h"

namespace reftally::python {

void prepare_snapshots(const runtime::Options& options) noexcept;  // once a process, and again after fork

struct SnapshotResult {
  uint32_t sequence = 0;  // 0: none was taken
  uint64_t pause_ns = 0;  // how long the interpreter stood still
};
// The calling thread holds the GIL. `wait`: return when the file is whole.
SnapshotResult take_snapshot(dump::SnapshotReason reason, bool wait) noexcept;

}  // namespace reftally::python
