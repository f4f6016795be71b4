// Integers of a class that may count its references.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/image/debug_types.h"

namespace reftally {

// An integer that a class has, through bases and wrappers such as std::atomic.
struct Counter {
  std::string owner, name;  // class that declares it
  uint64_t offset = 0;      // in the pointee
  uint64_t size = 0;
};

// The integer that a type is, or that it holds and nothing else; nullptr when it is more.
const Type* wrapped_integer(const Type& type, int depth = 0);
// Those of a class, its bases' first.
std::vector<Counter> counters_of(const Type& type);

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
