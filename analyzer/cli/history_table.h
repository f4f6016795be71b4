// The history of one object as a table: every event that `reftally run --history` has kept, what is left of them, and
// since when nothing else has kept the object.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "analyzer/heap/heap.h"
#include "analyzer/image/image.h"

namespace reftally {

// `call_of`: a stack as one line. `with_pairs`: references taken and given back again are told, not only counted.
void print_history(const Image& image, const Heap& heap, ObjectId object, bool with_pairs,
                   const std::function<std::string(StackId)>& call_of);

// Of many objects: how many are left alone; and of those that died, how many did so on another thread.
void print_history_summary(const Image& image, const Heap& heap, std::span<const ObjectId> objects,
                           const std::function<std::string(StackId)>& call_of);

}  // namespace reftally
