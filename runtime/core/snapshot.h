// Takes a snapshot: stops the threads, clones the process, lets the parent go on while the child writes the dump.
#pragma once

#include "runtime/core/contributor.h"
#include "runtime/core/unwinder.h"
#include "runtime/dump/format.h"

namespace reftally::runtime {

void prepare_snapshots() noexcept;  // takes all memory a snapshot needs, once

// The dump's sequence number when the child was started (with `wait`, and at exit: when the dump is whole); 0 when
// there is none. Never more than one at a time.
uint32_t take_snapshot(dump::SnapshotReason reason, bool wait = false) noexcept;
void set_contributor(const Contributor* contributor) noexcept;

void expect_released(const void* object, const char* reason, const Registers& caller) noexcept;
void add_root_region(const void* begin, const void* end, const char* name) noexcept;

}  // namespace reftally::runtime
