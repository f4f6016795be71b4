// The content of a dump, section by section. Runs in the cloned child: no locks, no allocation.
#pragma once

#include "runtime/core/memory_map.h"
#include "runtime/core/recorder.h"
#include "runtime/core/stop_world.h"
#include "runtime/core/troubles.h"
#include "runtime/dump/writer.h"

namespace reftally::runtime {

struct SnapshotFacts {
  dump::SnapshotReason reason{};
  uint32_t sequence = 0;
  uint32_t parent_pid = 0;
  const ProgramState* self = nullptr;  // of the thread that takes the snapshot
  uint32_t self_stack = 0;             // StackId
  uint64_t pause_ns = 0;
  uint64_t time_ns = 0;  // when the threads stopped; the writer may start much later
  const ModuleList* modules = nullptr;
  const MemoryMap* map = nullptr;
  const StoppedWorld* world = nullptr;
};

void write_dump(dump::Writer& writer, const SnapshotFacts& facts) noexcept;

// The words of blocks and roots (kTagWords) and the vtables they point to (kTagVtables); see dump_words.cc.
bool prepare_word_writer() noexcept;
void write_words(dump::Writer& writer, const SnapshotFacts& facts, const ProgramState* const* threads,
                 uint32_t thread_count, Troubles& troubles) noexcept;

}  // namespace reftally::runtime
