// Blocks of PyMem_Malloc in pymalloc's pools that nothing points to. They are no objects and have no count: such a
// block is held by whoever has its address. It is lost when no word of the process, aligned or not, is an address
// inside it, but for words of blocks that are lost themselves.
//
// What a hook did not see being allocated is never told: only so is a block known to be no object. Nor are fewer than
// three of one birth: a thread that waits in the kernel may have an address in a register.
#pragma once

#include "runtime/core/memory_map.h"
#include "runtime/python/frame_words.h"
#include "runtime/python/free_chunks.h"
#include "runtime/python/pools.h"
#include "runtime/python/unreached_objects.h"
#include "runtime/python/walk.h"

namespace reftally::python {

class LostBlocks {
 public:
  LostBlocks(Walk& walk, const FrameWords& frames, const Column<Pool>& pools, UnreachedObjects& objects,
             runtime::MemoryMap& map) noexcept
      : walk_(walk), frames_(frames), pools_(pools), objects_(objects), map_(map) {}

  // Call when all objects are known and before words are looked for: those in a lost block are its own.
  void add_to_walk(Address stack_limit) noexcept;

 private:
  struct Candidates {  // of one pool
    Address begin;
    uint64_t block_size;
    uint64_t open[kMostBlocksInPool / 64];  // that may be lost: nobody has been seen to point to them

    bool is_open(uint64_t i) const noexcept { return (open[i / 64] >> i % 64 & 1) != 0; }
    void close(uint64_t i) noexcept { open[i / 64] &= ~(uint64_t{1} << i % 64); }
    Address block(uint64_t i) const noexcept { return begin + kPoolHeader + i * block_size; }
  };
  struct Place {  // a block of a pool
    Candidates* pool = nullptr;
    uint64_t index = 0;

    bool is_open() const noexcept { return pool != nullptr && pool->is_open(index); }
    Address address() const noexcept { return pool->block(index); }
  };
  struct Link {
    Address place, to;  // a word of a block that may be lost
  };

  void collect(const Pool& pool) noexcept;
  void close_rare_births() noexcept;
  Place place_of(Address address) noexcept;
  void scan(Address begin, Address end) noexcept;
  void meet(Address place, Address word) noexcept;
  bool is_freed(Address place) noexcept;
  void follow_links() noexcept;
  void follow_links_of(const Place& block) noexcept;
  void write() noexcept;
  template <class Visit>
  void for_each_open(Visit visit) noexcept;

  Walk& walk_;
  const FrameWords& frames_;
  const Column<Pool>& pools_;
  UnreachedObjects& objects_;
  runtime::MemoryMap& map_;
  Column<Candidates> candidates_;
  AddressMap<uint32_t> row_at_;  // of candidates_, + 1, by address of the pool
  AddressMap<uint32_t> births_;  // blocks that may be lost, by number of the stack times 8
  Column<Link> links_;           // by place
  Column<Address> held_;         // found by a link: their own are to be followed
  FreeChunks free_chunks_;
  FreeBlocks free_blocks_;  // of the pool at free_blocks_of_
  Address free_blocks_of_ = 0;
  Address lowest_ = ~Address{0}, highest_ = 0;
};

}  // namespace reftally::python
