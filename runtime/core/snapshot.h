// Takes a snapshot: stops the threads, clones the process, lets the parent go on while the child writes the dump.
#pragma once

#include "runtime/core/contributor.h"
#include "runtime/core/program_state.h"
#include "runtime/dump/format.h"

namespace reftally::runtime {

void prepare_snapshots() noexcept;  // takes all memory a snapshot needs, once

// The dump's sequence number when the child was started (with `wait`, and at exit: when the dump is whole); 0 when
// there is none. Never two at once. `here`: where the calling thread left the program.
uint32_t take_snapshot(dump::SnapshotReason reason, bool wait, const ProgramState& here) noexcept;
// In the handler of a signal, whose ucontext_t is `context`. `ending`: the signal, when it ends the process once the
// dump is whole; else 0.
void take_snapshot_in_handler(const void* context, int ending) noexcept;
// A handler may find the thread at a moment that will not do; the hook it interrupted calls this when that is over.
void take_postponed_snapshot(const Registers& caller) noexcept;

void wait_for_dumps() noexcept;    // those still being written, when the program ends
void forget_snapshots() noexcept;  // in a forked child: what was going on was the parent's
void set_contributor(const Contributor* contributor) noexcept;

}  // namespace reftally::runtime
