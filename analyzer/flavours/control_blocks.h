// Control blocks of shared_ptr, told by the type_info name behind their vtable: works on stripped binaries, for
// libstdc++, libc++ and Boost (research/native.md H1). One row of kControlBlockKinds a class.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "analyzer/image/image.h"

namespace reftally {

// Of references: beyond this a word is no count, but what happens to stand beside another stale word.
inline constexpr int64_t kLargestCount = 100'000'000;

enum class CountLayout : uint8_t {
  kHalves,        // int32 use at +8, int32 weak at +12; weak includes one for all strong references
  kWordsLessOne,  // int64 at +8 and +16, both stored less one (libc++)
};

enum class ValuePlace : uint8_t {
  kInside,        // the value follows the header, behind a stateful allocator
  kPointer,       // a pointer right behind the header; the value is deleted with `delete`
  kLastPointer,   // deleter, allocator, then the pointer, as the last member
  kFirstPointer,  // the pointer, then deleter and allocator
  kArrayInFront,  // elements first, this control block behind them, in one allocation (make_shared<T[]>)
  kArrayBehind,   // allocator, the number of elements where no type says it, then the elements (Boost, libc++)
};

struct ControlBlockKind {
  std::string_view prefix;  // of the mangled type_info name
  CountLayout counts;
  ValuePlace place;
  uint16_t header_size;  // bytes before the first member of the derived class
  std::string_view description;
};

// A control block class as met in an image: kind and template arguments, looked at once per vtable.
struct ControlBlockClass {
  const ControlBlockKind* kind = nullptr;
  std::string value_type;      // demangled
  bool is_array = false;       // the value is T[]: value_type is the element's
  bool deletes_value = false;  // the deleter is known to be delete or delete[]
  bool has_plain_allocator = true;
  uint64_t element_count = 0;  // of T[N]; 0: a word says it
  uint64_t inner_count = 1;    // of T[][N]: elements of the innermost kind in each
  uint16_t in_deleter = 0;     // Boost's make_shared: offset of the value, which stands in the deleter
};

ControlBlockClass control_block_class(std::string_view type_info_name);  // kind is nullptr when it is another class

}  // namespace reftally
