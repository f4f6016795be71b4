// Objects that carry their count inside, or in a block beside them, told by a vote: an integer member of a class is its
// count when it is never less than the number of smart pointers found to the object, and equal for most. Names help
// where few objects are there to vote. Where no smart pointer takes part, plain pointers do, by the place they stand
// in: a program that calls ref() and unref() by hand. What somebody has stated is not voted on.
#pragma once

#include <string_view>
#include <vector>

#include "analyzer/flavours/counted_object.h"
#include "analyzer/flavours/counts.h"
#include "analyzer/image/debug_types.h"
#include "analyzer/image/image.h"
#include "analyzer/layouts/counted_pointers.h"
#include "analyzer/layouts/counters.h"

namespace reftally {

// A pointer met on the walk that is not null and may count: of a class with the shape of a smart pointer, or a plain
// one to a class whose count reads as one of references.
struct MetPointer {
  const Type* type = nullptr;  // the smart pointer's class; of a plain pointer, the class it points to
  uint64_t target = 0;
  std::string_view place = {};  // of a plain pointer: "Scene::nodes_[]"
  uint64_t value = 0;           // where the count stands in a block of its own: what is counted
};

// Which plain pointers may pay a count.
enum class PlainPointers : uint8_t { kVote, kStatedOnly };

// Adds the objects to `counted` (whose index must be built anew) and says which classes count them.
CountedPointers find_own_counts(const Image& image, const DebugTypes& types, const StatedCounts& stated,
                                const std::vector<MetPointer>& met, CountedObjects& counted);

// Whether references found since the vote speak against it where plain pointers pay: more of them than a count says, or
// too few counts told by them. The objects they led to have been walked by then, and may hold pointers of the same
// places to counts the vote has not seen.
bool plain_pointers_refuted(const CountedObjects& counted, const KnownReferences& known);
void drop_own_counts(CountedObjects& counted);

}  // namespace reftally
