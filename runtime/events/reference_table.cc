#include "runtime/events/reference_table.h"

#include <sched.h>

#include <atomic>
#include <optional>

#include "runtime/core/growing_memory.h"
#include "runtime/core/system.h"
#include "runtime/events/holder_shadow.h"

namespace reftally::runtime {
namespace {

using Node = ReferenceNode;

constexpr uint32_t kStripeBits = 12;
constexpr uint32_t kMaxNodes = 1u << 26;  // 2 GiB, touched as far as used
constexpr uint32_t kFreshNodes = 32;      // a stripe takes as many at once; they lie in one piece of memory

struct alignas(64) Stripe {
  std::atomic<uint32_t> locked;
  uint32_t free;               // chain of nodes that are not used
  uint32_t fresh, fresh_left;  // nodes that never were
};

std::atomic<uint32_t>* chains = nullptr;
GrowingArray<Node, 15> nodes;
Stripe* stripes = nullptr;
std::atomic<uint32_t> nodes_used{kFreshNodes};  // 0 is none
std::atomic<uint64_t> lost{0};
// By holder: whether any came here. Most never do, and are asked for with every release of what an object was born
// with.
constexpr uint32_t kFilterBits = 16;
std::atomic<uint8_t>* filter = nullptr;
std::atomic<uint8_t>& filter_of(uint64_t holder) noexcept {
  return filter[holder * 0x9E3779B97F4A7C15ull >> (64 - kFilterBits)];
}

uint64_t key_of(uint64_t object, uint64_t holder) noexcept {
  const uint64_t key = (object ^ holder * 0x9E3779B97F4A7C15ull) * 0xFF51AFD7ED558CCDull;
  return key ^ key >> 32;
}

class Lock {
 public:
  explicit Lock(Stripe& stripe) noexcept : stripe_(stripe) {
    for (uint32_t tries = 0; stripe_.locked.exchange(1, std::memory_order_acquire) != 0;)
      if (++tries % 64 == 0) sched_yield();
  }
  ~Lock() { stripe_.locked.store(0, std::memory_order_release); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  Stripe& stripe_;
};

std::atomic<uint32_t>& chain_of(uint64_t key) noexcept { return chains[key & (kReferenceChains - 1)]; }
Stripe& stripe_of(uint64_t key) noexcept { return stripes[key & ((1u << kStripeBits) - 1)]; }

uint32_t take_node(Stripe& stripe) noexcept {
  if (const uint32_t node = stripe.free) {
    stripe.free = nodes[node].next;
    return node;
  }
  if (stripe.fresh_left == 0) {
    if (nodes_used.load(std::memory_order_relaxed) >= kMaxNodes - kFreshNodes) return 0;
    stripe.fresh = nodes_used.fetch_add(kFreshNodes, std::memory_order_relaxed);
    if (stripe.fresh >= kMaxNodes - kFreshNodes || nodes.make(stripe.fresh) == nullptr) return 0;
    stripe.fresh_left = kFreshNodes;
  }
  stripe.fresh_left--;
  return stripe.fresh++;
}

Node* find_node(uint64_t key, uint64_t object, uint64_t holder) noexcept {
  for (uint32_t i = chain_of(key).load(std::memory_order_relaxed); i != 0; i = nodes[i].next)
    if (nodes[i].object == object && nodes[i].holder == holder) return &nodes[i];
  return nullptr;
}

// Under the lock. A snapshot may stop us anywhere: a chain is whole at every step.
Node* add_node(Stripe& stripe, uint64_t key, const Node& content) noexcept {
  const uint32_t fresh = take_node(stripe);
  if (fresh == 0) {
    lost.fetch_add(1, std::memory_order_relaxed);
    return nullptr;
  }
  std::atomic<uint32_t>& chain = chain_of(key);
  nodes[fresh] = content;
  nodes[fresh].next = chain.load(std::memory_order_relaxed);
  chain.store(fresh, std::memory_order_release);
  return &nodes[fresh];
}

bool remove_node(Stripe& stripe, uint64_t key, uint64_t object, uint64_t holder, Node& content) noexcept {
  std::atomic<uint32_t>& chain = chain_of(key);
  uint32_t before = 0;
  for (uint32_t i = chain.load(std::memory_order_relaxed); i != 0; before = i, i = nodes[i].next) {
    if (nodes[i].object != object || nodes[i].holder != holder) continue;
    content = nodes[i];
    if (before != 0)
      nodes[before].next = content.next;
    else
      chain.store(content.next, std::memory_order_release);
    nodes[i].next = stripe.free;
    stripe.free = i;
    return true;
  }
  return false;
}

// The stack of a reference of the same object and holder that this one has overwritten, if any.
std::optional<uint32_t> put_into_table(const Node& content) noexcept {
  const uint64_t key = key_of(content.object, content.holder);
  Stripe& stripe = stripe_of(key);
  Lock lock(stripe);
  Node* const known = find_node(key, content.object, content.holder);
  if (known == nullptr) {
    add_node(stripe, key, content);
    return std::nullopt;
  }
  const bool is_more = known->generation == content.generation, is_unknown = (content.holder & kUnknownHolder) != 0;
  const uint32_t overwritten = known->stack;
  known->count = is_more && is_unknown ? known->count + 1 : 1;
  known->generation = content.generation;
  known->stack = content.stack;
  return is_more && !is_unknown ? std::optional(overwritten) : std::nullopt;
}

// What is known of the object besides its references. Under the lock.
Node* node_of_object(Stripe& stripe, uint64_t key, uint64_t object, uint32_t generation) noexcept {
  Node* const known = find_node(key, object, 0);
  if (known == nullptr) return add_node(stripe, key, {object, 0, 0, 0, generation, 0});
  if (known->generation != generation) known->stack = known->count = 0;
  known->generation = generation;
  return known;
}

// 0: counted as lost.
uint32_t generation_or_loss(uint64_t object) noexcept {
  const uint32_t generation = generation_of(object);
  if (generation == 0) count_lost_event();
  return generation;
}

}  // namespace

bool create_reference_table() noexcept {
  chains = static_cast<std::atomic<uint32_t>*>(map_memory(sizeof(*chains) * kReferenceChains));
  stripes = static_cast<Stripe*>(map_memory(sizeof(Stripe) << kStripeBits));
  filter = static_cast<std::atomic<uint8_t>*>(map_memory(1u << kFilterBits));
  return chains != nullptr && stripes != nullptr && filter != nullptr;
}

void add_to_table(uint64_t object, uint64_t holder, uint32_t stack) noexcept {
  const uint32_t generation = generation_or_loss(object);
  if (generation == 0) return;
  filter_of(holder).store(1, std::memory_order_relaxed);
  if (const auto overwritten = put_into_table({object, holder, 0, stack, generation, 1}))
    put_into_table({object, unknown_holder(*overwritten), 0, *overwritten, generation, 1});
}

bool take_from_table(uint64_t object, uint64_t holder, uint32_t& stack) noexcept {
  const uint64_t key = key_of(object, holder);
  Stripe& stripe = stripe_of(key);
  Lock lock(stripe);
  Node found{};
  if (!remove_node(stripe, key, object, holder, found)) return false;
  stack = found.stack;
  return true;
}

void count_unknown_releases(uint64_t object, uint32_t count, uint32_t stack) noexcept {
  const uint32_t generation = generation_or_loss(object);
  if (generation == 0) return;
  const uint64_t key = key_of(object, 0);
  Stripe& stripe = stripe_of(key);
  Lock lock(stripe);
  Node* const node = node_of_object(stripe, key, object, generation);
  if (node == nullptr) return;
  node->count += count;
  node->stack = stack;
}

void add_tally(uint64_t object, uint64_t kind, uint32_t stack, uint32_t birth_code) noexcept {
  const uint32_t generation = generation_or_loss(object);
  if (generation == 0) return;
  put_into_table({object, unknown_holder(stack) | kind, 0, stack, generation, 1});
  const uint64_t key = key_of(object, 0);
  Stripe& stripe = stripe_of(key);
  Lock lock(stripe);
  Node* const node = node_of_object(stripe, key, object, generation);
  if (node != nullptr && node->stack == 0) node->stack = birth_code;
}

uint32_t first_heard_of(uint64_t object) noexcept {
  const uint64_t key = key_of(object, 0);
  Lock lock(stripe_of(key));
  const Node* known = find_node(key, object, 0);
  return known != nullptr && is_of_now(*known) ? known->stack : 0;
}

bool may_be_in_table(uint64_t holder) noexcept { return filter_of(holder).load(std::memory_order_relaxed) != 0; }

void unlock_table() noexcept {
  if (stripes == nullptr) return;
  for (uint32_t i = 0; i < 1u << kStripeBits; i++) stripes[i].locked.store(0, std::memory_order_relaxed);
}

void count_lost_event() noexcept { lost.fetch_add(1, std::memory_order_relaxed); }
uint64_t lost_events() noexcept { return lost.load(std::memory_order_relaxed); }

bool is_of_now(const ReferenceNode& node) noexcept { return node.generation == known_generation(node.object); }

const ReferenceNode* first_of_chain(uint32_t chain) noexcept {
  const uint32_t first = chains[chain].load(std::memory_order_relaxed);
  return first != 0 ? &nodes[first] : nullptr;
}

const ReferenceNode* next_of_chain(const ReferenceNode& node) noexcept {
  return node.next != 0 ? &nodes[node.next] : nullptr;
}

}  // namespace reftally::runtime
