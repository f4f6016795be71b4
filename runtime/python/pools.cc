#include "runtime/python/pools.h"

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

}  // namespace reftally::python
