// What the kernel keeps for the program and hands back with an event: the words of epoll registrations and of timers.
// An object that nothing else leads to is held by them.
#pragma once

#include "runtime/core/troubles.h"
#include "runtime/dump/writer.h"

namespace reftally::runtime {

bool prepare_kernel_words() noexcept;
// In the child that writes a dump, while it still has the program's descriptors; `process` is the program's.
void read_kernel_words(uint32_t process) noexcept;
void write_kernel_words(dump::Writer& writer, Troubles& troubles) noexcept;

}  // namespace reftally::runtime
