// What the overlay, the pass and reftally.h call: each change of a reference count, once.
#include "runtime/core/recorder.h"
#include "runtime/events/live_references.h"
#include "runtime/include/reftally.h"

using namespace reftally::runtime;

extern "C" [[gnu::visibility("default"), gnu::noinline]] void reftally_agent_reference(unsigned what,
                                                                                       const void* object,
                                                                                       const void* holder,
                                                                                       const void* next_holder) {
  if (!recording()) return;
  const auto counted = reinterpret_cast<uint64_t>(object), from = reinterpret_cast<uint64_t>(holder);
  switch (what) {
    case REFTALLY_ACQUIRE:
      return acquire_reference(counted, from, caller_registers());
    case REFTALLY_BORN:
      forget_object(counted);
      return acquire_reference(counted, from, caller_registers());
    case REFTALLY_RELEASE:
    case REFTALLY_RELEASE_LAST:
      return release_reference(counted, from, what == REFTALLY_RELEASE_LAST, caller_registers());
    case REFTALLY_MOVE:
      return move_reference(counted, from, reinterpret_cast<uint64_t>(next_holder));
    default:
      return;  // of a newer header
  }
}

// For runtimes that manage memory of their own (runtime/python/births.cc): true as soon as any event was told, and what
// to call then when a block is used again.
extern "C" [[gnu::visibility("default")]] const std::atomic<bool>* reftally_agent_events_told() {
  return &references_told();
}
extern "C" [[gnu::visibility("default")]] void reftally_agent_block_is_new(const void* block) {
  // A PyObject lies at its start, or behind the collector's header, or behind two words more.
  for (uint64_t offset : {0, 16, 32}) forget_object(reinterpret_cast<uint64_t>(block) + offset);
}
