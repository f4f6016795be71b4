#include "runtime/python/pools.h"

#include "runtime/core/dump_file.h"
#include "runtime/core/system.h"
#include "runtime/python/touched_pages.h"

namespace reftally::python {
namespace {

constexpr uint32_t kSizeClasses = 32;
constexpr uint32_t kMaxArenas = 1u << 20;

}  // namespace

bool read_pool(Address begin, Pool& pool) noexcept {
  pool.begin = begin;
  pool.live = read<uint32_t>(begin);
  pool.free_list = pointer_at(begin + 8);
  pool.arena = read<uint32_t>(begin + 32);
  pool.size_class = read<uint32_t>(begin + 36);
  pool.next_offset = read<uint32_t>(begin + 40);
  const auto last_offset = read<uint32_t>(begin + 44);
  const uint64_t size = pool_shape().size;
  if (pool.size_class >= kSizeClasses || pool.arena >= kMaxArenas) return false;
  if (last_offset != size - pool.block_size() || pool.next_offset > size + pool.block_size()) return false;
  if (pool.next_offset < kPoolHeader || pool.live > pool.capacity()) return false;
  return pool.free_list == 0 || (pool.free_list >= begin + kPoolHeader && pool.free_list < begin + size);
}

bool is_live_block(const Pool& pool, Address block) noexcept {
  if (block - pool.begin >= pool.next_offset) return false;
  const Address end = pool.begin + pool_shape().size;
  Address free = pool.free_list;
  for (uint64_t i = 0; free != 0 && i <= pool.capacity(); i++) {
    if (free == block) return false;
    if (free < pool.begin + kPoolHeader || free >= end) break;
    free = pointer_at(free);
  }
  return true;
}

bool is_sound(const Pool& pool) noexcept {
  const Address end = pool.begin + pool_shape().size;
  const uint64_t carved = (pool.next_offset - kPoolHeader) / pool.block_size();
  uint64_t free_count = 0;
  for (Address free = pool.free_list; free != 0; free = pointer_at(free)) {
    if (free < pool.begin + kPoolHeader || free >= end || ++free_count > carved) return false;
    if ((free - pool.begin - kPoolHeader) % pool.block_size() != 0) return false;
  }
  return carved >= free_count && carved - free_count == pool.live;
}

FreeBlocks::FreeBlocks(const Pool& pool) noexcept {
  for (Address free = pool.free_list; free != 0; free = pointer_at(free)) {
    const uint64_t i = (free - pool.begin - kPoolHeader) / pool.block_size();
    bits[i / 64] |= uint64_t{1} << i % 64;
  }
}

void find_pools(const runtime::MemoryMap& map, Column<Pool>& pools) noexcept {
  constexpr uint32_t kNeeded = dump::kMapRead | dump::kMapWrite;
  const uint64_t size = pool_shape().size;
  TouchedPages pages;
  for (uint32_t i = 0; i < map.count(); i++) {
    const runtime::Mapping& mapping = map[i];
    if ((mapping.flags & kNeeded) != kNeeded || mapping.path[0] == '[') continue;
    for (Address begin = (mapping.begin + size - 1) & ~(size - 1); begin + size <= mapping.end; begin += size) {
      if (const Address end = runtime::own_memory_end(begin)) {
        begin = ((end + size - 1) & ~(size - 1)) - size;
        continue;
      }
      Pool pool;
      if (runtime::is_own_memory(begin, begin + size) || !pages.touched(begin)) continue;
      if (read_pool(begin, pool) && is_sound(pool)) pools.push(pool);
    }
  }
}

void write_pools(dump::Writer& writer, const Column<Pool>& pools) noexcept {
  writer.begin(dump::kTagPools, sizeof(dump::PoolRecord));
  for (const Pool& pool : pools)
    writer.add(dump::PoolRecord{pool.begin, pool.arena, static_cast<uint32_t>(pool_shape().size),
                                static_cast<uint32_t>(pool.block_size()), pool.live,
                                static_cast<uint32_t>(pool.capacity()), 0});
  writer.end();
}

}  // namespace reftally::python
