// What the kernel keeps for the program and hands back with an event: the words of epoll registrations and of timers,
// and where signal handlers have their stacks. What nothing else leads to is held by them.
#pragma once

#include "runtime/core/program_state.h"
#include "runtime/core/troubles.h"
#include "runtime/dump/writer.h"

namespace reftally::runtime {

bool prepare_kernel_words() noexcept;
// In the child that writes a dump, while it still has the program's descriptors; `process` is the program's.
void read_kernel_words(uint32_t process) noexcept;
void write_kernel_words(dump::Writer& writer, const ProgramState* const* threads, uint32_t thread_count,
                        Troubles& troubles) noexcept;

}  // namespace reftally::runtime
