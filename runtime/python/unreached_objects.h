// Objects that nothing leads to. The collector's lists have containers alone, and those of text and numbers not
// either: what else there is, is known by who holds it, and an extension that loses a reference to a new bytes
// object leaves nobody. Such objects are found where they lie, in the blocks of pymalloc's pools.
//
// A block is taken for an object when it cannot well be anything else: its type is one we know, the size the type
// gives it is that of the block, and each reference it owns is one that its target still misses.
#pragma once

#include "runtime/core/memory_map.h"
#include "runtime/python/pools.h"
#include "runtime/python/walk.h"

namespace reftally::python {

class UnreachedObjects {
 public:
  UnreachedObjects(Walk& walk, const Column<Pool>& pools, const runtime::MemoryMap& map) noexcept
      : walk_(walk), pools_(pools), map_(map) {}

  // Call when all that can be reached has been walked. True when there is more to walk: the first time.
  bool add_to_walk() noexcept;
  // Of a dictionary, list, set or instance that is known.
  bool has_table(Address block, uint64_t size) noexcept;

 private:
  void note_tables() noexcept;
  void look_into(const Pool& pool) noexcept;
  void look_at(Address block, uint64_t block_size, bool collected) noexcept;
  bool is_known_type(Address type) noexcept;
  bool is_whole(Address object) noexcept;
  bool misses_reference(Address object) noexcept;
  bool add_containers() noexcept;

  Walk& walk_;
  const Column<Pool>& pools_;
  const runtime::MemoryMap& map_;
  Column<Address> containers_;  // may be objects that hold others: tuples, code; 0: settled
  AddressMap<uint8_t> tables_;  // of dictionaries, lists, sets and instances that are known
  bool done_ = false;
};

}  // namespace reftally::python
