// What the program has said of its types, copied when it says so: its own record may be gone when a dump is written.
#pragma once

#include <atomic>
#include <cstdint>

#include "runtime/dump/writer.h"
#include "runtime/include/reftally.h"

namespace reftally::runtime {

inline constexpr uint32_t kMaxToldTypes = 1u << 10, kMaxToldFields = 48, kToldNameSize = 64;

struct ToldTypeRow {
  std::atomic<const reftally_type*> type;  // null: free; set before the rest is there
  std::atomic<bool> is_whole;
  bool is_in_history;
  bool is_incomplete;  // too many fields, or a visitor that had to be given up
  reftally_type told;  // but its pointers to names and fields
  char name[kToldNameSize];
  struct Field {
    reftally_field told;  // but its name
    char name[kToldNameSize];
  } fields[kMaxToldFields];

  int64_t count_of(uint64_t object) const noexcept;
};

// Number of the type's row, from 1; 0 when there is no room, or what it says is not possible.
uint32_t told_type_number(const reftally_type* type) noexcept;
ToldTypeRow* told_type(uint32_t number) noexcept;  // nullptr when there is none, or it is not whole yet

void write_told_types(dump::Writer& writer) noexcept;  // in the cloned child: all rows, so that number - 1 is the id

}  // namespace reftally::runtime
