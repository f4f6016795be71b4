// What the hooks call: which blocks live, and where each was born.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "runtime/core/live_table.h"
#include "runtime/core/options.h"
#include "runtime/core/stack_table.h"
#include "runtime/core/unwinder.h"

namespace reftally::runtime {

struct Recorder {
  Options options;
  LiveTable live;
  StackTable stacks;
  std::atomic<bool> active{false};
  std::atomic<uint64_t> snapshots{0};
  std::atomic<uint32_t> process{0};  // pid; a vfork child has another one and must do nothing
  uint64_t start_time_ns = 0;
  uint64_t start_cycles = 0;           // of birth_clock.h
  const char* other_malloc = nullptr;  // the file that has the malloc the program uses, when it is not through ours
  bool restricted = false;             // the program gave up rights: system calls we have not made yet may now kill it
  bool has_uncopied_memory = false;    // see uncopied_memory.h
  // Order of birth at which fork() made the process, 0: it is no copy. In a copy, stacks of threads that it does not
  // have may still hold references.
  uint32_t fork_birth = 0;
};

extern Recorder recorder;

// Reads the options and makes the tables. `spacing` as for LiveTable. Once, before any other thread exists.
void start_recording(uint32_t spacing) noexcept;
// On trouble: from here on the hooks only forward. Says why on stderr, once.
void stop_recording(const char* why) noexcept;

inline bool recording() noexcept { return recorder.active.load(std::memory_order_relaxed); }
void record_block(void* block, size_t size, const Registers& caller) noexcept;
void forget_block(void* block) noexcept;
uint32_t birth_now() noexcept;  // of a block that is born now: birth_clock.h

}  // namespace reftally::runtime
