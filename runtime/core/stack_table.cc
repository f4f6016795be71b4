#include "runtime/core/stack_table.h"

#include <algorithm>

#include "runtime/core/system.h"

namespace reftally::runtime {
namespace {

uint64_t hash(uint32_t parent, uint64_t ip) noexcept {
  uint64_t value = (ip ^ uint64_t{parent} << 32 ^ parent) * 0x9E3779B97F4A7C15ull;
  return value ^ value >> 29;
}

}  // namespace

bool StackTable::create() noexcept {
  slots_ = static_cast<std::atomic<uint32_t>*>(map_memory(kSlots * sizeof(*slots_)));
  return nodes_.make(0) != nullptr && slots_ != nullptr;
}

uint32_t StackTable::child(uint32_t parent, uint64_t ip, uint32_t function) noexcept {
  for (uint64_t i = hash(parent, ip);; i++) {
    std::atomic<uint32_t>& slot = slots_[i & (kSlots - 1)];
    uint32_t id = slot.load(std::memory_order_acquire);
    if (id == 0) {
      if (full()) return 0;
      uint32_t fresh = nodes_used_.fetch_add(1, std::memory_order_relaxed) + 1;
      if (fresh > kMaxNodes) {
        nodes_used_.store(kMaxNodes, std::memory_order_relaxed);
        return 0;
      }
      Node* const node = nodes_.make(fresh);
      if (node == nullptr) return 0;
      node->parent = parent;
      node->function = function;
      node->ip.store(ip, std::memory_order_relaxed);
      if (slot.compare_exchange_strong(id, fresh, std::memory_order_acq_rel)) return fresh;
      // Lost the race: `fresh` stays an unused node, and `id` is the winner's.
    }
    if (is(id, parent, ip)) return id;
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
