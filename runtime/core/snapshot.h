// Takes a snapshot: stops the threads, clones the process, lets the parent go on while the child writes the dump.
#pragma once

#include "runtime/core/unwinder.h"
#include "runtime/dump/format.h"

namespace reftally::runtime {

void prepare_snapshots() noexcept;  // takes all memory a snapshot needs, once

// True when the child was started (at exit: when the dump is whole). Never more than one at a time.
bool take_snapshot(dump::SnapshotReason reason) noexcept;

void expect_released(const void* object, const char* reason, const Registers& caller) noexcept;
void add_root_region(const void* begin, const void* end, const char* name) noexcept;

}  // namespace reftally::runtime
