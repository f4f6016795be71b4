// The full history of chosen types, where tallies keep no more than what is left: every event in order, with its time,
// thread, call stack and holder. REFTALLY_HISTORY names the types, as source does and apart by commas. The last
// 262,144 events are kept; how many were overwritten is told.
#pragma once

#include <cstdint>

#include "runtime/dump/writer.h"

namespace reftally::runtime {

bool prepare_history() noexcept;  // once; true when types are named, and there is memory

extern bool history_is_kept;

// By the type_info behind its first word: of a control block the element's class, else its own.
bool is_in_history(uint64_t object) noexcept;
bool is_in_history(const char* type_name) noexcept;  // by a name of a runtime's own: a GType

// `what` as in reftally.h.
void add_history(uint32_t what, uint64_t object, uint64_t holder, uint64_t next_holder, uint32_t stack) noexcept;

void write_history(dump::Writer& writer) noexcept;  // in the cloned child
uint64_t history_overwritten() noexcept;

}  // namespace reftally::runtime
