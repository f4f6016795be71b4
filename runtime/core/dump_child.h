// The child process that writes a dump while the program goes on.
//
// It is made by a bare clone: no fork handlers, no locks of the C library. It has no exit signal, so the program sees
// no SIGCHLD, and only a wait with __WALL or __WCLONE can find it; a wait for any child cannot. It stays our child, and
// is collected when the next dump is taken or the process ends: were it handed to init, a program that is init itself,
// or a subreaper (PR_SET_CHILD_SUBREAPER), would suddenly have one child more.
#pragma once

#include <cstdint>

#include "runtime/core/dump_file.h"

namespace reftally::runtime {

using ChildMain = bool (*)(const void* facts) noexcept;

// Memory for the child's own stack: the thread that asks may have a small one. Once.
bool prepare_dump_children() noexcept;

// True while one more child may be started: at most eight write at the same time.
bool collect_dump_children() noexcept;
// Starts a child that runs `main` and ends; false when the process cannot be cloned, with errno. All signals must be
// blocked: the child must not run the program's handlers.
bool start_dump_child(ChildMain main, const void* facts, const DumpName& name) noexcept;
// Waits for the child of this name; true when its dump is whole. Gives up after ten minutes.
bool wait_for_dump_child(const DumpName& name) noexcept;
void wait_for_all_dump_children() noexcept;
void forget_dump_children() noexcept;  // in a forked child: they are the parent's

}  // namespace reftally::runtime
