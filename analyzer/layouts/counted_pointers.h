// Smart pointers that count inside what they point to: boost::intrusive_ptr and those of the program's own. A class is
// taken for a candidate by its shape; that it counts is told by counts (flavours/own_counts.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "analyzer/image/debug_types.h"

namespace reftally {

struct PointerShape {
  uint64_t offset = 0;  // of the pointer in the class
  const Type* pointee = nullptr;
};

// A class that holds one pointer to a class and nothing else, and has a destructor of its own.
std::optional<PointerShape> pointer_shape(const Type& type);

// Smart pointers that are known to count: by name of the class, where the counter stands in the pointee.
using CountedPointers = std::unordered_map<std::string, int64_t>;

}  // namespace reftally
