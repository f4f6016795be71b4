// /proc/self/maps and the loaded modules, in memory taken beforehand.
#pragma once

#include <cstdint>

#include "runtime/dump/format.h"

namespace reftally::runtime {

struct Mapping {
  uint64_t begin, end, file_offset;
  uint32_t flags;    // dump::kMap…
  const char* path;  // "" for anonymous
};

class MemoryMap {
 public:
  bool create() noexcept;  // takes the memory
  bool read() noexcept;    // false: /proc is not there, or more than kMaxMappings
  bool read(uint32_t process) noexcept;

  uint32_t count() const noexcept { return count_; }
  const Mapping& operator[](uint32_t i) const noexcept { return mappings_[i]; }
  const Mapping* find(uint64_t address) const noexcept;
  const Mapping* find_or_next(uint64_t address) const noexcept;  // or the first one above

 private:
  static constexpr uint32_t kMaxMappings = 65536;  // vm.max_map_count is 65,530 by default
  static constexpr size_t kTextCapacity = 16u << 20;

  bool read_lines(const char* path) noexcept;
  bool parse_line(const char*& line) noexcept;

  Mapping* mappings_ = nullptr;
  char* text_ = nullptr;
  uint32_t count_ = 0;
};

struct Segment {
  uint64_t begin, end;
  uint32_t type, flags;
};

struct Module {
  uint64_t bias;
  const char* path;
  const uint8_t* build_id;
  uint32_t build_id_size;
  uint32_t first_segment, segment_count;
  uint32_t thread_local_number;  // 0: has no thread-local variables
  bool is_agent;
};

class ModuleList {
 public:
  bool create() noexcept;
  void read() noexcept;  // takes the loader's lock: before threads are stopped

  uint32_t count() const noexcept { return count_; }
  const Module& operator[](uint32_t i) const noexcept { return modules_[i]; }
  const Segment& segment(uint32_t i) const noexcept { return segments_[i]; }
  uint32_t segment_count() const noexcept { return segment_count_; }
  // The PT_LOAD segment that holds `address`, or nullptr. Code too: older linkers put constants beside it.
  const Segment* loaded_segment(uint64_t address) const noexcept;
  bool is_agent_code(uint64_t pc) const noexcept { return pc - agent_begin_ < agent_end_ - agent_begin_; }

  void add(const void* info) noexcept;  // dl_phdr_info, one call a module

 private:
  static constexpr uint32_t kMaxModules = 4096, kMaxSegments = 32768;
  static constexpr size_t kPathCapacity = 1u << 20;

  const char* keep_path(const char* path) noexcept;

  Module* modules_ = nullptr;
  Segment* segments_ = nullptr;
  char* paths_ = nullptr;
  size_t paths_used_ = 0;
  uint32_t count_ = 0, segment_count_ = 0;
  uint64_t agent_begin_ = 0, agent_end_ = 0;
};

}  // namespace reftally::runtime
