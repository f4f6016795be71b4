// Smart pointers that count inside what they point to, boost::intrusive_ptr and those of the program's own, or in a
// block beside it: QSharedPointer, Poco::SharedPtr. A class is taken for a candidate by its shape; that it counts is
// told by counts (flavours/own_counts.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "analyzer/image/debug_types.h"
#include "analyzer/layouts/stated_counts.h"

namespace reftally {

struct PointerShape {
  uint64_t offset = 0;            // in the class: of the pointer that leads to the count
  const Type* pointee = nullptr;  // what has the count, or is it
  // Where the count has a block of its own, another pointer leads to the value.
  std::optional<uint64_t> value_offset;
  const Type* value = nullptr;
  std::string_view count_name;  // of the pointer to a count that is a plain integer

  const Type* counted() const { return value_offset ? value : pointee; }
};

// A class that holds one pointer to a class and nothing else, and has a destructor of its own. One that somebody has
// stated to count may be larger and need none: it holds one pointer to a class among other things. Or a template of two
// pointers: one leads to its argument, the other to an integer, or a small class, that reads as a count; nothing weak,
// for that looks the same. What Qt 6's containers have is one by name.
std::optional<PointerShape> pointer_shape(const Type& type, const StatedCounts& stated = {});

// Numbers, functions, and perhaps a pointer to a value of type `value`: what has more counts its own references.
bool is_nothing_but_counts(const Type& type, const Type* value, int depth = 0);

// In place of an offset: the objects pointed to have their counts at various offsets, each where its class has it.
inline constexpr int64_t kWhereObjectHasIt = INT64_MIN;

// What is known to count: where the counter stands in the pointee.
struct CountedPointers {
  std::unordered_map<std::string, int64_t> classes;  // of smart pointers, by name
  std::unordered_map<std::string, int64_t> places;   // of plain pointers: "Scene::nodes_[]", "g_scene"

  bool empty() const { return classes.empty() && places.empty(); }
  bool operator==(const CountedPointers&) const = default;
};

}  // namespace reftally
