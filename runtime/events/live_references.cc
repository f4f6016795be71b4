#include "runtime/events/live_references.h"

#include <sched.h>

#include <atomic>

#include "runtime/core/birth_clock.h"
#include "runtime/core/birth_stacks.h"
#include "runtime/core/recorder.h"
#include "runtime/core/reentry_guard.h"
#include "runtime/core/system.h"
#include "runtime/core/thread_state.h"

namespace reftally::runtime {
namespace {

constexpr uint32_t kChainBits = 20, kStripeBits = 12;
constexpr uint32_t kMaxNodes = 1u << 26;  // 2 GiB, touched as far as used
constexpr uint32_t kFreshNodes = 32;      // a stripe takes as many at once
constexpr uint32_t kCached = 64;          // references of one thread

// Two kinds, by holder. With a holder: a live reference. With holder 0: what is known of an object besides; made with
// its first reference, and gone when the block is freed. References with another generation are of an earlier object
// at the same address, whose release was never told.
struct Node {
  uint64_t object, holder;
  uint32_t next;
  uint32_t stack;  // that took the reference; holder 0: of the latest release of a reference nobody knows, or of an
                   // object with tallies, the birth code when it was first heard of
  uint32_t generation;
  uint32_t count;  // references of one stack, when their holders are unknown; holder 0: releases nobody knows
};
static_assert(sizeof(Node) == 32);

struct alignas(64) Stripe {
  std::atomic<uint32_t> locked;
  uint32_t free;               // chain of nodes that are not used
  uint32_t fresh, fresh_left;  // nodes that never were
};

struct Cached {
  std::atomic<uint64_t> key;  // 0: empty. Whoever sets it to 0 has taken the reference
  uint64_t object, holder;
  uint32_t stack;
};

struct ThreadCache {
  Cached slots[kCached];
  std::atomic<uint64_t> acquires, releases, moves;  // written by the thread alone
};

std::atomic<uint32_t>* chains = nullptr;
Node* nodes = nullptr;
Stripe* stripes = nullptr;
ThreadCache* caches = nullptr;
std::atomic<uint32_t> nodes_used{1};  // 0 is none
std::atomic<uint32_t> generations{0};
std::atomic<uint64_t> lost{0};
std::atomic<bool> in_use{false};

constexpr uint64_t kUnknownHolder = 1;              // or-ed to twice the stack: no address of a pointer is odd
constexpr uint64_t kGivenBack = uint64_t{1} << 62;  // or-ed to that: releases by one call stack
uint64_t unknown_holder(uint32_t stack) noexcept { return uint64_t{stack} << 1 | kUnknownHolder; }

uint64_t key_of(uint64_t object, uint64_t holder) noexcept {
  uint64_t key = (object ^ holder * 0x9E3779B97F4A7C15ull) * 0xFF51AFD7ED558CCDull;
  key ^= key >> 32;
  return key != 0 ? key : 1;
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

std::atomic<uint32_t>& chain_of(uint64_t key) noexcept { return chains[key & ((1u << kChainBits) - 1)]; }
Stripe& stripe_of(uint64_t key) noexcept { return stripes[key & ((1u << kStripeBits) - 1)]; }

uint32_t take_node(Stripe& stripe) noexcept {
  if (const uint32_t node = stripe.free) {
    stripe.free = nodes[node].next;
    return node;
  }
  if (stripe.fresh_left == 0) {
    if (nodes_used.load(std::memory_order_relaxed) >= kMaxNodes - kFreshNodes) return 0;
    stripe.fresh = nodes_used.fetch_add(kFreshNodes, std::memory_order_relaxed);
    if (stripe.fresh >= kMaxNodes - kFreshNodes) return 0;
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

// The generation of an object, which begins when it is first heard of. `stack`: see Node.
uint32_t generation_of(uint64_t object, uint32_t stack = 0) noexcept {
  const uint64_t key = key_of(object, 0);
  Stripe& stripe = stripe_of(key);
  Lock lock(stripe);
  const Node* node = find_node(key, object, 0);
  if (node == nullptr)
    node = add_node(stripe, key, {object, 0, 0, stack, generations.fetch_add(1, std::memory_order_relaxed) + 1, 0});
  return node != nullptr ? node->generation : 0;
}

// True when the holder had a reference of the object already, taken by `overwritten`.
bool put_into_table(uint64_t object, uint64_t holder, uint32_t stack, uint32_t generation,
                    uint32_t& overwritten) noexcept {
  const uint64_t key = key_of(object, holder);
  Stripe& stripe = stripe_of(key);
  Lock lock(stripe);
  Node* const known = find_node(key, object, holder);
  if (known == nullptr) {
    add_node(stripe, key, {object, holder, 0, stack, generation, 1});
    return false;
  }
  const bool is_more = known->generation == generation, is_unknown = (holder & kUnknownHolder) != 0;
  overwritten = known->stack;
  known->count = is_more && is_unknown ? known->count + 1 : 1;
  known->generation = generation;
  known->stack = stack;
  return is_more && !is_unknown;
}

// A holder that takes the same object again without giving it back was overwritten: its first reference has none now.
void add_to_table(uint64_t object, uint64_t holder, uint32_t stack) noexcept {
  uint32_t overwritten = 0, same = 0;
  const uint32_t generation = generation_of(object);
  if (put_into_table(object, holder, stack, generation, overwritten))
    put_into_table(object, unknown_holder(overwritten), overwritten, generation, same);
}

bool take_from_table(uint64_t object, uint64_t holder, uint32_t& stack) noexcept {
  const uint64_t key = key_of(object, holder);
  if (chain_of(key).load(std::memory_order_acquire) == 0) return false;
  Stripe& stripe = stripe_of(key);
  Lock lock(stripe);
  Node found{};
  if (!remove_node(stripe, key, object, holder, found)) return false;
  stack = found.stack;
  return true;
}

void count_unknown_release(uint64_t object, uint32_t stack) noexcept {
  generation_of(object);
  const uint64_t key = key_of(object, 0);
  Lock lock(stripe_of(key));
  Node* const node = find_node(key, object, 0);
  if (node == nullptr) return;
  node->count++;
  node->stack = stack;
}

// ---- the cache of a thread

ThreadCache& cache_of(const ThreadState& thread) noexcept { return caches[thread_row(thread)]; }
Cached& slot_of(ThreadCache& cache, uint64_t key) noexcept { return cache.slots[key >> 40 & (kCached - 1)]; }

bool claim(Cached& slot, uint64_t key) noexcept {
  return slot.key.load(std::memory_order_acquire) == key &&
         slot.key.compare_exchange_strong(key, 0, std::memory_order_acq_rel);
}

// First into the table, then out of the cache: another thread that looks for it must find it somewhere.
void evict(Cached& slot) noexcept {
  uint64_t key = slot.key.load(std::memory_order_relaxed);
  if (key == 0) return;
  add_to_table(slot.object, slot.holder, slot.stack);
  uint32_t stack;
  if (!slot.key.compare_exchange_strong(key, 0, std::memory_order_acq_rel))
    take_from_table(slot.object, slot.holder, stack);  // another thread was faster
}

void keep(ThreadCache& cache, uint64_t object, uint64_t holder, uint32_t stack) noexcept {
  const uint64_t key = key_of(object, holder);
  Cached& slot = slot_of(cache, key);
  if (slot.key.load(std::memory_order_relaxed) == key)
    add_to_table(object, unknown_holder(slot.stack), slot.stack);  // overwritten, see add_to_table
  else
    evict(slot);
  slot.object = object;
  slot.holder = holder;
  slot.stack = stack;
  slot.key.store(key, std::memory_order_release);
}

bool take_from_others(const ThreadCache& own, uint64_t key, uint32_t& stack) noexcept {
  const uint32_t count = thread_row_count();
  for (uint32_t i = 0; i < count; i++) {
    if (&caches[i] == &own) continue;
    Cached& slot = slot_of(caches[i], key);
    if (slot.key.load(std::memory_order_acquire) != key) continue;
    const uint32_t found = slot.stack;
    if (!claim(slot, key)) continue;
    stack = found;
    return true;
  }
  return false;
}

bool take(ThreadCache& cache, uint64_t object, uint64_t holder, uint32_t& stack) noexcept {
  const uint64_t key = key_of(object, holder);
  Cached& slot = slot_of(cache, key);
  if (slot.key.load(std::memory_order_relaxed) == key) {
    stack = slot.stack;
    slot.key.store(0, std::memory_order_relaxed);
    return true;
  }
  if (take_from_table(object, holder, stack)) return true;
  if (thread_row_count() <= 1) return false;
  return take_from_others(cache, key, stack) || take_from_table(object, holder, stack);
}

void count(std::atomic<uint64_t>& counter) noexcept {
  counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

// Of the calling thread; nullptr where events cannot be taken down: inside the agent, or when too many threads live.
ThreadState* recording_thread(const ReentryGuard& guard) noexcept {
  ThreadState* const thread = nodes != nullptr && guard.entered() ? this_thread() : nullptr;
  if (thread == nullptr) lost.fetch_add(1, std::memory_order_relaxed);
  return thread;
}

uint32_t stack_of(ThreadState& thread, const Registers& caller) noexcept {
  return recorder.options.stack_sampling == 0 ? 0 : capture_stack(thread, caller);
}

}  // namespace

bool prepare_live_references() noexcept {
  chains = static_cast<std::atomic<uint32_t>*>(map_memory(sizeof(*chains) << kChainBits));
  stripes = static_cast<Stripe*>(map_memory(sizeof(Stripe) << kStripeBits));
  caches = static_cast<ThreadCache*>(map_memory(sizeof(ThreadCache) * kMaxThreads));
  auto* memory = static_cast<Node*>(map_memory(sizeof(Node) * kMaxNodes));
  if (chains == nullptr || stripes == nullptr || caches == nullptr) return false;
  nodes = memory;
  return nodes != nullptr;
}

void acquire_reference(uint64_t object, uint64_t holder, const Registers& caller) noexcept {
  ReentryGuard guard;
  ThreadState* const thread = recording_thread(guard);
  if (thread == nullptr) return;
  if (!in_use.load(std::memory_order_relaxed)) in_use.store(true, std::memory_order_relaxed);
  ThreadCache& cache = cache_of(*thread);
  count(cache.acquires);
  const uint32_t stack = stack_of(*thread, caller);
  constexpr uint64_t kNoPointer = uint64_t{1} << 63;
  if (holder != 0 && (holder & kNoPointer) == 0)
    keep(cache, object, holder, stack);
  else  // what stands in the table goes when the object does; a cache would keep it
    add_to_table(object, holder != 0 ? holder : unknown_holder(stack), stack);
}

void release_reference(uint64_t object, uint64_t holder, bool is_last, const Registers& caller) noexcept {
  ReentryGuard guard;
  ThreadState* const thread = recording_thread(guard);
  if (thread == nullptr) return;
  ThreadCache& cache = cache_of(*thread);
  count(cache.releases);
  uint32_t acquired;
  if ((holder != 0 && take(cache, object, holder, acquired)) || is_last) return;
  if (!in_use.load(std::memory_order_relaxed)) in_use.store(true, std::memory_order_relaxed);
  count_unknown_release(object, stack_of(*thread, caller));
}

void move_reference(uint64_t object, uint64_t from, uint64_t to) noexcept {
  ReentryGuard guard;
  ThreadState* const thread = recording_thread(guard);
  if (thread == nullptr) return;
  ThreadCache& cache = cache_of(*thread);
  count(cache.moves);
  uint32_t stack;
  if (!take(cache, object, from, stack)) return;
  if (to != 0)
    keep(cache, object, to, stack);
  else
    add_to_table(object, unknown_holder(stack), stack);
}

void tally(uint64_t object, uint64_t kind, uint32_t stack) noexcept {
  if (!in_use.load(std::memory_order_relaxed)) in_use.store(true, std::memory_order_relaxed);
  uint32_t unused = 0;
  const uint32_t now = birth_code(birth_cycles() - recorder.start_cycles);
  put_into_table(object, unknown_holder(stack) | kind, stack, generation_of(object, now), unused);
}

void tally_acquire(uint64_t object, const Registers& caller) noexcept {
  ReentryGuard guard;
  ThreadState* const thread = recording_thread(guard);
  if (thread == nullptr) return;
  count(cache_of(*thread).acquires);
  tally(object, 0, stack_of(*thread, caller));
}

void tally_release(uint64_t object, bool is_last, const Registers& caller) noexcept {
  if (is_last) forget_object(object);
  ReentryGuard guard;
  ThreadState* const thread = recording_thread(guard);
  if (thread == nullptr) return;
  count(cache_of(*thread).releases);
  if (!is_last) tally(object, kGivenBack, stack_of(*thread, caller));
}

void forget_earlier_object(uint64_t object) noexcept {
  if (!in_use.load(std::memory_order_relaxed)) return;
  const uint64_t key = key_of(object, 0);
  uint32_t first_heard = 0;
  {
    ReentryGuard guard;
    if (!guard.entered() || chain_of(key).load(std::memory_order_relaxed) == 0) return;
    Lock lock(stripe_of(key));
    if (const Node* known = find_node(key, object, 0)) first_heard = known->stack;
  }
  LiveBlock block{};
  if (first_heard != 0 && recorder.live.find_around(object, block) && first_heard < block.birth) forget_object(object);
}

void forget_object(uint64_t object) noexcept {
  if (!in_use.load(std::memory_order_relaxed)) return;
  const uint64_t key = key_of(object, 0);
  if (chain_of(key).load(std::memory_order_relaxed) == 0) return;
  ReentryGuard guard;
  if (!guard.entered()) return;
  Stripe& stripe = stripe_of(key);
  Lock lock(stripe);
  Node forgotten{};
  remove_node(stripe, key, object, 0, forgotten);
}

void forget_references_in_block(uint64_t block) noexcept {
  if (!in_use.load(std::memory_order_relaxed)) return;
  // A count may stand in a base that is not first, behind one or two words.
  for (uint64_t object = block; object <= block + 16; object += 8) forget_object(object);
}

const std::atomic<bool>& references_told() noexcept { return in_use; }

void unlock_live_references() noexcept {
  if (stripes == nullptr) return;
  for (uint32_t i = 0; i < 1u << kStripeBits; i++) stripes[i].locked.store(0, std::memory_order_relaxed);
}

bool references_were_lost() noexcept { return lost.load() != 0; }

// ---- in the child

namespace {

void write_tally(dump::Writer& writer, const Node& node) noexcept {
  dump::EventTally tally{};
  tally.object = node.object;
  tally.holder = (node.holder & kUnknownHolder) != 0 ? 0 : node.holder;
  tally.stack = node.stack;
  const uint32_t most = INT32_MAX, units = node.count < most ? node.count : most;
  const bool given_back = node.holder == 0 || node.holder >> 62 == kGivenBack >> 62;
  tally.balance = given_back ? -static_cast<int32_t>(units) : static_cast<int32_t>(units);
  if (tally.balance != 0) writer.add(tally);
}

bool is_of_now(const Node& node) noexcept {
  if (node.holder == 0) return true;
  const Node* object = find_node(key_of(node.object, 0), node.object, 0);
  return object != nullptr && object->generation == node.generation;
}

void write_cached(dump::Writer& writer, const Cached& slot) noexcept {
  if (slot.key.load(std::memory_order_relaxed) == 0) return;
  const Node* evicted = find_node(key_of(slot.object, slot.holder), slot.object, slot.holder);
  if (evicted != nullptr && is_of_now(*evicted)) return;  // stopped on its way to the table
  write_tally(writer, {slot.object, slot.holder, 0, slot.stack, 0, 1});
}

}  // namespace

void write_live_references(dump::Writer& writer) noexcept {
  dump::EventSummary summary{};
  const uint32_t threads = nodes != nullptr ? thread_row_count() : 0;
  for (uint32_t i = 0; i < threads; i++) {
    summary.acquires += caches[i].acquires.load(std::memory_order_relaxed);
    summary.releases += caches[i].releases.load(std::memory_order_relaxed);
    summary.moves += caches[i].moves.load(std::memory_order_relaxed);
  }
  summary.lost = lost.load(std::memory_order_relaxed);
  if (summary.acquires + summary.releases + summary.moves == 0) return;  // no part of the program tells events
  writer.begin(dump::kTagEventSummary, sizeof summary);
  writer.add(summary);
  writer.begin(dump::kTagEventTallies, sizeof(dump::EventTally));
  for (uint32_t chain = 0; chain < 1u << kChainBits; chain++)
    for (uint32_t i = chains[chain].load(std::memory_order_relaxed); i != 0; i = nodes[i].next)
      if (is_of_now(nodes[i])) write_tally(writer, nodes[i]);
  for (uint32_t i = 0; i < threads; i++)
    for (const Cached& slot : caches[i].slots) write_cached(writer, slot);
  writer.end();
}

}  // namespace reftally::runtime
