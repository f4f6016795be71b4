#include "runtime/core/stack_table.h"

#include "runtime/core/options.h"
#include "runtime/core/system.h"

namespace reftally::runtime {
namespace {

// The last stack of this thread, outermost first, and the node of each of its prefixes: the next stack mostly
// shares all but a few inner frames with it.
struct LastStack {
  uint32_t count = 0;
  uint64_t frames[kMaxStackDepth];
  uint32_t nodes[kMaxStackDepth];
};
thread_local LastStack last_stack [[gnu::tls_model("initial-exec")]];

uint64_t hash(uint32_t parent, uint64_t ip) noexcept {
  uint64_t value = (ip ^ uint64_t{parent} << 32 ^ parent) * 0x9E3779B97F4A7C15ull;
  return value ^ value >> 29;
}

}  // namespace

bool StackTable::create() noexcept {
  nodes_ = static_cast<Node*>(map_memory((kMaxNodes + 1) * sizeof(Node)));
  slots_ = static_cast<std::atomic<uint32_t>*>(map_memory(kSlots * sizeof(*slots_)));
  return nodes_ != nullptr && slots_ != nullptr;
}

uint32_t StackTable::child(uint32_t parent, uint64_t ip) noexcept {
  for (uint64_t i = hash(parent, ip);; i++) {
    std::atomic<uint32_t>& slot = slots_[i & (kSlots - 1)];
    uint32_t id = slot.load(std::memory_order_acquire);
    if (id == 0) {
      uint32_t fresh = nodes_used_.fetch_add(1, std::memory_order_relaxed) + 1;
      if (fresh > kMaxNodes) {
        nodes_used_.store(kMaxNodes, std::memory_order_relaxed);
        return 0;
      }
      nodes_[fresh].parent = parent;
      nodes_[fresh].ip.store(ip, std::memory_order_relaxed);
      if (slot.compare_exchange_strong(id, fresh, std::memory_order_acq_rel)) return fresh;
      // Lost the race: `fresh` stays an unused node, and `id` is the winner's.
    }
    if (nodes_[id].parent == parent && nodes_[id].ip.load(std::memory_order_relaxed) == ip) return id;
  }
}

uint32_t StackTable::intern(const uint64_t* frames, uint32_t count) noexcept {
  LastStack& last = last_stack;
  uint32_t shared = 0;
  while (shared < count && shared < last.count && last.frames[shared] == frames[count - 1 - shared]) shared++;
  uint32_t node = shared != 0 ? last.nodes[shared - 1] : 0;
  for (uint32_t i = shared; i < count; i++) {
    node = child(node, frames[count - 1 - i]);
    if (node == 0) {
      last.count = i;
      return 0;
    }
    last.frames[i] = frames[count - 1 - i];
    last.nodes[i] = node;
  }
  last.count = count;
  return node;
}

uint32_t StackTable::node_count() const noexcept {
  uint32_t used = nodes_used_.load(std::memory_order_relaxed);
  return used < kMaxNodes ? used : kMaxNodes;
}

dump::StackNode StackTable::node(uint32_t id) const noexcept {
  return {nodes_[id].ip.load(std::memory_order_relaxed), nodes_[id].parent, 0};
}

}  // namespace reftally::runtime
