// pymalloc's pools, recognised by their headers: no symbol of the interpreter is needed (usedpools and arenas are
// local symbols, absent in a distribution's build).
#pragma once

#include "runtime/core/memory_map.h"
#include "runtime/dump/writer.h"
#include "runtime/python/interpreter.h"
#include "runtime/python/memory.h"

namespace reftally::python {

struct PoolShape {
  uint64_t size;  // of a pool, and its alignment
  uint64_t arena_size;
};
inline PoolShape pool_shape() noexcept {
  return python.at_least(10) ? PoolShape{16384, 1u << 20} : PoolShape{4096, 256u << 10};
}

inline constexpr uint64_t kPoolHeader = 48;  // count, free list, next, previous, arena index, size class, offsets

struct Pool {
  Address begin = 0;
  uint32_t live = 0;         // blocks in use
  uint32_t size_class = 0;   // blocks of 16 * (size_class + 1) bytes
  uint32_t next_offset = 0;  // blocks from here on were never used
  uint32_t arena = 0;
  Address free_list = 0;

  uint64_t block_size() const noexcept { return 16 * (uint64_t{size_class} + 1); }
  uint64_t capacity() const noexcept { return (pool_shape().size - kPoolHeader) / block_size(); }
};

inline constexpr uint64_t kBlockStep = 16, kLargestBlock = 512;
inline constexpr uint64_t kMostBlocksInPool = 1024;  // of 16 bytes, in a pool of 16 KiB

struct FreeBlocks {  // by index in their pool
  uint64_t bits[kMostBlocksInPool / 64] = {};

  FreeBlocks() noexcept = default;
  explicit FreeBlocks(const Pool& pool) noexcept;
  bool has(uint64_t i) const noexcept { return (bits[i / 64] >> i % 64 & 1) != 0; }
};

// True when a pool's header is at `begin`, aligned and readable for a whole pool: every field must agree.
bool read_pool(Address begin, Pool& pool) noexcept;
// True when `block` (the start of a block) is in use: not on the free list, and not above next_offset.
bool is_live_block(const Pool& pool, Address block) noexcept;

// True when the free list is whole and agrees with the count: no other memory looks like that by accident.
bool is_sound(const Pool& pool) noexcept;

// Every pool of the process, found by its header, by address.
void find_pools(const runtime::MemoryMap& map, Column<Pool>& pools) noexcept;
void write_pools(dump::Writer& writer, const Column<Pool>& pools) noexcept;

}  // namespace reftally::python
