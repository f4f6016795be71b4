// Classes without a vtable that carry a function of their own instead: the function tells the class.
#pragma once

#include <cstdint>

#include "analyzer/image/debug_types.h"
#include "analyzer/image/image.h"

namespace reftally {

// The class of an object that a pointer to `pointee` leads to: asio's operations, which wait in the queues of its
// reactor, its timers and its scheduler with the handlers of the program. nullptr when the pointee is nothing such.
const Type* operation_class(const Image& image, const DebugTypes& types, const Type& pointee, uint64_t address);

}  // namespace reftally
