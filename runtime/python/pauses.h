// How long the program stood still for its cycle collector: a callback of gc.callbacks takes the time.
#pragma once

#include "runtime/dump/writer.h"

namespace reftally::python {

// With the GIL. False when gc.callbacks cannot be used.
bool watch_collector() noexcept;
void write_pauses(dump::Writer& writer) noexcept;

}  // namespace reftally::python
