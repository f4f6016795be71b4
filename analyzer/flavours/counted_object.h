// What a flavour recognises: an object whose references are counted, before references are known.
#pragma once

#include <cstdint>
#include <vector>

#include "analyzer/base/growing_column.h"
#include "analyzer/base/ids.h"
#include "analyzer/base/string_table.h"
#include "analyzer/heap/heap.h"
#include "analyzer/image/address_ranks.h"
#include "analyzer/image/image.h"

namespace reftally {

// Narrow, for there may be as many as blocks: what the lift needs most memory for.
struct CountedObject {
  uint64_t address = 0;      // of the counter: what a counted reference holds
  uint64_t end = 0;          // bytes of the counter's allocation from begin() to here belong to it
  uint64_t value = 0;        // address of the counted value; 0 when there is none (any more)
  uint32_t before = 0;       // bytes from begin() to the address
  uint32_t value_count = 1;  // elements, for arrays
  int32_t strong = 0;
  int32_t weak = 0;                        // without the one unit that stands for all strong references
  uint32_t block = Image::kNoBlock;        // that holds the counter
  uint32_t value_block = Image::kNoBlock;  // that holds the value when it is not in [begin, end)
  StringId value_type{};                   // demangled; empty when unknown
  FlavourId flavour = FlavourId::kSharedPtr;
  bool ends_there : 1 = false;         // `end` is certain; else somebody else's bytes may lie before it
  bool owns_value_block : 1 = false;   // the value's block is freed with the object, for certain
  bool keeps_deleter : 1 = false;      // in the control block, before the pointer to the value
  bool count_is_doubtful : 1 = false;  // that it is one of owners is a guess
  bool has_plain_holders : 1 = false;  // plain pointers pay for its count: any of them may

  uint64_t begin() const { return address - before; }
  bool is_alive() const { return strong > 0; }
};
static_assert(sizeof(CountedObject) == 56);

struct CountedObjects {
  GrowingColumn<CountedObject> objects;  // by address
  StringTable names;

  static constexpr uint32_t kNone = 0xffffffff;
  uint32_t at(uint64_t address) const;  // index of the object whose counter is at address, or kNone
  void build_index();                   // sorts by address

 private:
  AddressRanks ranks_;  // of `objects`
};

}  // namespace reftally
