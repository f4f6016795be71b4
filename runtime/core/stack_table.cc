#include "runtime/core/stack_table.h"

#include <algorithm>

namespace reftally::runtime {
namespace {

uint64_t hash(uint32_t parent, uint64_t ip) noexcept {
  uint64_t value = (ip ^ uint64_t{parent} << 32 ^ parent) * 0x9E3779B97F4A7C15ull;
  return value ^ value >> 29;
}

}  // namespace

bool StackTable::create() noexcept {
  for (uint32_t part = 0; part < kEarlyParts; part++)
    if (buckets_.make(first_bucket(part)) == nullptr) return false;
  return nodes_.make(0) != nullptr;
}

// Behind the last part's bucket are the ones beside it.
uint32_t StackTable::bucket_of(uint64_t hash, uint32_t step) noexcept {
  const uint32_t part = std::min(step, kParts - 1);
  const uint64_t last = (uint64_t{1} << (kFirstPart + part)) - 1;
  return first_bucket(part) + static_cast<uint32_t>((hash + (step - part)) & last);
}

// 0 when there is no room.
uint32_t StackTable::make_node(uint32_t parent, uint64_t ip, uint32_t function) noexcept {
  if (full()) return 0;
  const uint32_t id = nodes_used_.fetch_add(1, std::memory_order_relaxed) + 1;
  if (id > kMaxNodes) {
    nodes_used_.store(kMaxNodes, std::memory_order_relaxed);
    return 0;
  }
  Node* const node = nodes_.make(id);
  if (node == nullptr) return 0;
  node->parent = parent;
  node->function = function;
  node->ip.store(ip, std::memory_order_relaxed);
  return id;
}

uint32_t StackTable::child(uint32_t parent, uint64_t ip, uint32_t function) noexcept {
  const uint64_t key = hash(parent, ip);
  const uint32_t tag = static_cast<uint32_t>(key >> (32 + kIdBits)) << kIdBits;
  uint32_t fresh = 0;  // an unused node for good where another thread was first with this stack
  for (uint32_t step = 0;; step++) {
    Bucket* const bucket = buckets_.make(bucket_of(key, step));
    if (bucket == nullptr) return 0;
    for (std::atomic<uint32_t>& slot : bucket->slots) {
      uint32_t found = slot.load(std::memory_order_acquire);
      if (found == 0) {
        if (fresh == 0 && (fresh = make_node(parent, ip, function)) == 0) return 0;
        if (slot.compare_exchange_strong(found, tag | fresh, std::memory_order_acq_rel)) return fresh;
      }
      if ((found & ~kIdMask) == tag && is(found & kIdMask, parent, ip)) return found & kIdMask;
    }
  }
}

uint32_t StackTable::intern(const uint64_t* frames, uint32_t count) noexcept {
  uint32_t node = 0;
  for (uint32_t i = count; i-- != 0;)
    if ((node = child(node, frames[i], 0)) == 0) return 0;
  return node;
}

uint32_t StackTable::node_count() const noexcept {
  const uint64_t used = nodes_used_.load(std::memory_order_relaxed);
  return static_cast<uint32_t>(std::min({used, uint64_t{kMaxNodes}, nodes_.made() - 1}));
}

dump::StackNode StackTable::node(uint32_t id) const noexcept {
  return {nodes_[id].ip.load(std::memory_order_relaxed), nodes_[id].parent, 0};
}

}  // namespace reftally::runtime
