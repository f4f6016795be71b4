// The references that are alive, each with the call stack that took it: what is left of all events when matched
// pairs have cancelled.
//
// A reference is known by its object and its holder, the address of the smart pointer (holder_shadow.h); where there is
// no such word, by a table (reference_table.h). The reference an object is born with has no event and is not here: the
// release of a reference that nobody knows is taken for its end, and counted with the object. So a balance of events is
// the strong count less one, unless some code runs without them; and the analyzer checks that against memory.
#pragma once

#include <atomic>
#include <cstdint>

#include "runtime/core/unwinder.h"
#include "runtime/dump/writer.h"

namespace reftally::runtime {

bool prepare_live_references() noexcept;  // once; false when there is no memory

enum class EventPath : uint8_t { kOff, kHistory, kStacks, kNoStacks };
[[gnu::visibility("hidden")]] extern std::atomic<EventPath> event_path asm("reftally_event_path");
void choose_event_path(bool on) noexcept;

// Events come through overlay_entries.cc, and reftally_agent_reference of reftally.h. Holder 0: unknown, known by its
// call stack alone. With the highest bit set: no pointer, but what pairs a release with its acquire. A move to holder
// 0: it goes on without.
void acquire_reference(uint64_t object, uint64_t holder, const Registers& caller) noexcept;
void release_reference(uint64_t object, uint64_t holder, bool is_last, const Registers& caller) noexcept;
void move_reference(uint64_t object, uint64_t from, uint64_t to, const Registers& caller) noexcept;
void swap_references(uint64_t now_in_one, uint64_t one, uint64_t now_in_other, uint64_t other,
                     const Registers& caller) noexcept;
// Of objects whose holders are never known (GObject): both are kept by call stack, to be matched by who reads the dump.
void tally_acquire(uint64_t object, bool in_history, const Registers& caller) noexcept;
void tally_release(uint64_t object, bool is_last, bool in_history, const Registers& caller) noexcept;
// An object has been made, with events of its own perhaps: what is older than its block is of another.
void forget_earlier_object(uint64_t object) noexcept;

// A block was freed: what is known of an object in its first words is of the past.
void forget_references_in_block(uint64_t block) noexcept;
void forget_object(uint64_t object) noexcept;  // another object was at this address before
const std::atomic<bool>& references_told() noexcept;
void unlock_live_references() noexcept;  // in a forked child: who held a lock is not there

void write_live_references(dump::Writer& writer) noexcept;  // in the cloned child
bool references_were_lost() noexcept;

}  // namespace reftally::runtime
