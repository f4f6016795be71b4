// The content of a dump, section by section. Runs in the cloned child: no locks, no allocation.
#pragma once

#include <atomic>

#include "runtime/core/memory_map.h"
#include "runtime/core/recorder.h"
#include "runtime/core/stop_world.h"
#include "runtime/dump/writer.h"

namespace reftally::runtime {

struct DeclaredByProgram {
  static constexpr uint32_t kMax = 4096, kTextSize = 120;
  struct Text {
    char bytes[kTextSize];
  };
  dump::Expectation* expectations = nullptr;
  Text* reasons = nullptr;
  std::atomic<uint32_t> expectation_count{0};
  dump::RootRegion* regions = nullptr;
  Text* region_names = nullptr;
  std::atomic<uint32_t> region_count{0};
};

struct SnapshotFacts {
  dump::SnapshotReason reason{};
  uint32_t sequence = 0;
  uint32_t parent_pid = 0;
  uint32_t self_tid = 0;
  uint64_t self_registers[dump::kRegisterCount] = {};
  uint64_t self_thread_pointer = 0;
  uint64_t pause_ns = 0;
  const ModuleList* modules = nullptr;
  MemoryMap* map = nullptr;
  const StoppedWorld* world = nullptr;
  const DeclaredByProgram* declared = nullptr;
};

void write_dump(dump::Writer& writer, const SnapshotFacts& facts) noexcept;

// The words of blocks and roots (kTagWords) and the vtables they point to (kTagVtables); see dump_words.cc.
bool prepare_word_writer() noexcept;
void write_words(dump::Writer& writer, const SnapshotFacts& facts, const dump::ThreadRecord* threads,
                 uint32_t thread_count) noexcept;

}  // namespace reftally::runtime
