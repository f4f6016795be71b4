// Another agent in the process (CPython's) that adds its facts to every dump and knows when its heap may be looked at.
#pragma once

#include "runtime/core/system.h"
#include "runtime/dump/writer.h"

namespace reftally::runtime {

struct Contributor {
  // In the parent, before threads are stopped. False: not now; it asks itself, as soon as it can.
  bool (*may_take)(dump::SnapshotReason reason) noexcept;
  bool (*still_may)() noexcept;                  // in the parent, while they are. False: as above
  void (*write)(dump::Writer& writer) noexcept;  // in the cloned child
  void (*waiting)(bool begins) noexcept;         // in the parent, around its wait for the child
  OwnRanges own_memory;                          // what no scan of the program's memory should read
};

// Exported by the native agent; found by dlsym.
//   void reftally_agent_set_contributor(const Contributor*)
//   uint32_t reftally_agent_snapshot(SnapshotReason, bool wait)   the dump's sequence number, or 0
//   uint64_t reftally_agent_own_memory_end(address)   what no scan of the program's memory should read
using SetContributor = void (*)(const Contributor*);
using AgentSnapshot = uint32_t (*)(dump::SnapshotReason, bool);

}  // namespace reftally::runtime
