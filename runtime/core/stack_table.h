// Call stacks as a trie: a node is (return address, caller's node). Lock-free; nodes are never removed.
#pragma once

#include <atomic>
#include <cstdint>

#include "runtime/core/growing_memory.h"
#include "runtime/dump/format.h"

namespace reftally::runtime {

class StackTable {
 public:
  static constexpr uint32_t kMaxNodes = 1u << 22;

  bool create() noexcept;
  // The node of `ip`, which lies in `function` (0: not known), called from the stack `parent` (0: outermost); 0 when
  // the table is full.
  uint32_t child(uint32_t parent, uint64_t ip, uint32_t function) noexcept;
  // `frames` innermost first. The node of the innermost frame; 0 when the table is full.
  uint32_t intern(const uint64_t* frames, uint32_t count) noexcept;

  uint32_t node_count() const noexcept;  // valid nodes are 1 … node_count()
  dump::StackNode node(uint32_t id) const noexcept;
  uint32_t parent(uint32_t id) const noexcept { return nodes_[id].parent; }
  uint32_t function(uint32_t id) const noexcept { return nodes_[id].function; }
  // So many that they can only be the ways through recursions.
  bool crowded() const noexcept { return nodes_used_.load(std::memory_order_relaxed) >= kMaxNodes / 8; }
  bool full() const noexcept {
    return nodes_used_.load(std::memory_order_relaxed) >= kMaxNodes || nodes_.exhausted() || buckets_.exhausted();
  }

 private:
  // A hash table in parts, each twice as large as the one before: a node is in the first of them whose bucket had room
  // for it. So few stacks touch few pages; in one table for all, each of the first thousands was on a page of its own,
  // 24 MB and half of the page faults of a small program.
  static constexpr uint32_t kFirstPart = 10;  // log2 of its buckets
  static constexpr uint32_t kParts = 9;       // twice as many slots as nodes in all
  static constexpr uint32_t kEarlyParts = 3;  // had at once, for nodes_'s first piece: mmap may be forbidden later
  static constexpr uint32_t kIdBits = 23;     // of a slot; above them bits of the hash; 0: empty
  static constexpr uint32_t kIdMask = (1u << kIdBits) - 1;
  struct alignas(64) Bucket {
    std::atomic<uint32_t> slots[16];
  };

  struct Node {
    std::atomic<uint64_t> ip;  // 0: reserved but not written yet
    uint32_t parent;
    uint32_t function;
  };

  static_assert(kMaxNodes <= kIdMask);

  static uint32_t first_bucket(uint32_t part) noexcept { return ((1u << part) - 1) << kFirstPart; }
  static uint32_t bucket_of(uint64_t hash, uint32_t step) noexcept;
  uint32_t make_node(uint32_t parent, uint64_t ip, uint32_t function) noexcept;
  bool is(uint32_t id, uint32_t parent, uint64_t ip) const noexcept {
    return nodes_[id].parent == parent && nodes_[id].ip.load(std::memory_order_relaxed) == ip;
  }

  GrowingArray<Node, 16> nodes_;
  GrowingArray<Bucket, kFirstPart> buckets_;
  std::atomic<uint32_t> nodes_used_{0};
};

}  // namespace reftally::runtime
