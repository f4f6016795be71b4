// Classes without a vtable that carry a function of their own instead: the function tells the class.
#pragma once

#include <cstdint>
#include <unordered_map>

#include "analyzer/image/debug_types.h"
#include "analyzer/image/image.h"

namespace reftally {

// The class of an object that a pointer to `pointee` leads to: asio's operations, which wait in the queues of its
// reactor, its timers and its scheduler with the handlers of the program. nullptr when the pointee is nothing such.
const Type* operation_class(const Image& image, const DebugTypes& types, const Type& pointee, uint64_t address);

// What Qt makes of a closure that is connected to a signal: the connection, in structs of Qt's own, points to it.
class Slots {
 public:
  explicit Slots(const DebugTypes& types);
  const Type* class_at(const Image& image, uint64_t address);  // nullptr when nothing such is there

 private:
  const DebugTypes& types_;
  uint64_t function_at_ = 0;  // 0: the program has no such classes
  std::unordered_map<uint64_t, const Type*> classes_;
};

}  // namespace reftally
