// Dense ids: each kind of thing has a type of its own, so that an object is never indexed by a stack.
#pragma once

#include <cstdint>

namespace reftally {

enum class ObjectId : uint32_t {};  // row of the Heap; kNoObject = none
enum class TypeId : uint32_t {};    // row of Heap types; 0 = unknown type
enum class LabelId : uint32_t {};   // row of Heap labels; 0 = no label
enum class StackId : uint32_t {};   // row of the call stack trie; 0 = unknown
enum class StringId : uint32_t {};  // row of a StringTable; 0 = empty
enum class ComponentId : uint32_t {};

inline constexpr ObjectId kNoObject{0xffffffff};

template <class Id>
constexpr uint32_t index(Id id) {
  return static_cast<uint32_t>(id);
}

}  // namespace reftally
