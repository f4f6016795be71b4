// Integers of a class that may count its references.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/image/debug_types.h"

namespace reftally {

// How a count is written: as the number of owners, beside flags in its lowest bits, or without one of the owners.
struct CountWriting {
  int flag_bits = 0;
  int unsaid = 0;

  int64_t owners(int64_t written) const { return (written >> flag_bits) + unsaid; }
  bool is_plain() const { return flag_bits == 0 && unsaid == 0; }
};

// An integer that a class has, through bases and wrappers such as std::atomic.
struct Counter {
  std::string owner, name;  // class that declares it
  uint64_t offset = 0;      // in the pointee
  uint64_t size = 0;
  CountWriting writing = {};
  bool is_behind = false;  // in a block that the object points to (counts_behind.h): the offset is in that block
};

// The integer of 4 or 8 bytes that a type is, or that it holds and nothing else; nullptr when it is more.
const Type* wrapped_integer(const Type& type);
// Those of a class, its bases' first. Integers of 1 and 2 bytes only where the name speaks of references.
std::vector<Counter> counters_of(const Type& type);
// The same of a whole object at `address`, whose vtables tell where its virtual bases stand.
std::vector<Counter> counters_of(const Type& type, const DebugTypes& types, uint64_t address);

// How well a member's name must read as a count.
enum class CountName : uint8_t {
  kAny,
  kCount,      // "lock_count" too
  kOnlyCount,  // of references, or of nothing that is named: "count_", "m_pCounter"
  kReferences
};

bool reads_as(CountName wanted, std::string name);
bool reads_as_weak(std::string_view name);
// Whether a class has an integer that may be a count of such a name.
bool may_count(const Type& type, CountName name);

}  // namespace reftally
