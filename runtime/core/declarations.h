// What the program itself has said through reftally.h.
#pragma once

#include "runtime/core/unwinder.h"
#include "runtime/dump/writer.h"

namespace reftally::runtime {

bool prepare_declarations() noexcept;  // takes memory, once

void expect_released(const void* object, const char* reason, const Registers& caller) noexcept;
void add_root_region(const void* begin, const void* end, const char* name) noexcept;

void write_declarations(dump::Writer& writer) noexcept;

}  // namespace reftally::runtime
