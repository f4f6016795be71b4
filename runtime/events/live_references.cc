#include "runtime/events/live_references.h"

#include <atomic>

#include "runtime/core/birth_clock.h"
#include "runtime/core/birth_stacks.h"
#include "runtime/core/recorder.h"
#include "runtime/core/reentry_guard.h"
#include "runtime/core/system.h"
#include "runtime/core/thread_state.h"
#include "runtime/events/history.h"
#include "runtime/events/reference_table.h"
#include "runtime/include/reftally.h"

namespace reftally::runtime {
namespace {

constexpr uint32_t kCachedBits = 8;  // references of one thread

struct Cached {
  std::atomic<uint64_t> key;  // 0: empty. Whoever sets it to 0 has taken the reference
  uint64_t object, holder;
  uint32_t stack;
};

struct ThreadCache {
  Cached slots[1u << kCachedBits];
  std::atomic<uint64_t> acquires, releases, moves;  // written by the thread alone
};

ThreadCache* caches = nullptr;
std::atomic<bool> in_use{false};

// On the way of every event: two multiplications side by side.
uint64_t cache_key(uint64_t object, uint64_t holder) noexcept {
  return (object * 0x9E3779B97F4A7C15ull + holder * 0xFF51AFD7ED558CCDull) | 1;
}
Cached& slot_of(ThreadCache& cache, uint64_t key) noexcept { return cache.slots[key >> (64 - kCachedBits)]; }

bool claim(Cached& slot, uint64_t key) noexcept {
  return slot.key.load(std::memory_order_acquire) == key &&
         slot.key.compare_exchange_strong(key, 0, std::memory_order_acq_rel);
}

// First into the table, then out of the cache: another thread that looks for it must find it somewhere.
[[gnu::noinline]] void evict(Cached& slot) noexcept {
  uint64_t key = slot.key.load(std::memory_order_relaxed);
  add_to_table(slot.object, slot.holder, slot.stack);
  uint32_t stack;
  if (!slot.key.compare_exchange_strong(key, 0, std::memory_order_acq_rel))
    take_from_table(slot.object, slot.holder, stack);  // another thread was faster
}

[[gnu::always_inline]] inline void keep(ThreadCache& cache, uint64_t object, uint64_t holder, uint32_t stack) noexcept {
  const uint64_t key = cache_key(object, holder);
  Cached& slot = slot_of(cache, key);
  const uint64_t there = slot.key.load(std::memory_order_relaxed);
  if (there == key) [[unlikely]]
    add_to_table(object, unknown_holder(slot.stack), slot.stack);  // overwritten, see add_to_table
  else if (there != 0) [[unlikely]]
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

[[gnu::noinline]] bool take_from_elsewhere(ThreadCache& cache, uint64_t object, uint64_t holder,
                                           uint32_t& stack) noexcept {
  if (take_from_table(object, holder, stack)) return true;
  if (thread_row_count() <= 1) return false;
  return take_from_others(cache, cache_key(object, holder), stack) || take_from_table(object, holder, stack);
}

[[gnu::always_inline]] inline bool take(ThreadCache& cache, uint64_t object, uint64_t holder,
                                        uint32_t& stack) noexcept {
  const uint64_t key = cache_key(object, holder);
  Cached& slot = slot_of(cache, key);
  if (slot.key.load(std::memory_order_relaxed) != key) return take_from_elsewhere(cache, object, holder, stack);
  stack = slot.stack;
  slot.key.store(0, std::memory_order_relaxed);
  return true;
}

// One event of the calling thread. No thread: it cannot be taken down, and is counted as lost; inside the agent, or
// when too many threads live.
class Event {
 public:
  explicit Event(std::atomic<uint64_t> ThreadCache::* counter) noexcept {
    thread_ = guard_.entered() && caches != nullptr ? this_thread() : nullptr;
    if (thread_ == nullptr) {
      count_lost_event();
      return;
    }
    cache_ = static_cast<ThreadCache*>(thread_->references);
    if (cache_ == nullptr) [[unlikely]] {
      thread_->references = cache_ = &caches[thread_row(*thread_)];
      in_use.store(true, std::memory_order_relaxed);
    }
    std::atomic<uint64_t>& count = cache_->*counter;
    count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  explicit operator bool() const noexcept { return thread_ != nullptr; }
  ThreadCache& cache() const noexcept { return *cache_; }
  uint32_t stack(const Registers& caller) const noexcept {
    return recorder.options.stack_sampling == 0 ? 0 : capture_repeated_stack(*thread_, caller);
  }

 private:
  ReentryGuard guard_;
  ThreadState* thread_;
  ThreadCache* cache_ = nullptr;
};

[[gnu::always_inline]] inline void acquire_reference(uint64_t object, uint64_t holder,
                                                     const Registers& caller) noexcept {
  const Event event(&ThreadCache::acquires);
  if (!event) return;
  const uint32_t stack = event.stack(caller);
  constexpr uint64_t kNoPointer = uint64_t{1} << 63;
  if (holder != 0 && (holder & kNoPointer) == 0)
    keep(event.cache(), object, holder, stack);
  else  // what stands in the table goes when the object does; a cache would keep it
    add_to_table(object, holder != 0 ? holder : unknown_holder(stack), stack);
}

[[gnu::always_inline]] inline void release_reference(uint64_t object, uint64_t holder, bool is_last,
                                                     const Registers& caller) noexcept {
  const Event event(&ThreadCache::releases);
  if (!event) return;
  uint32_t acquired;
  if ((holder != 0 && take(event.cache(), object, holder, acquired)) || is_last) return;
  count_unknown_release(object, event.stack(caller));
}

[[gnu::always_inline]] inline void move_reference(uint64_t object, uint64_t from, uint64_t to) noexcept {
  const Event event(&ThreadCache::moves);
  uint32_t stack;
  if (!event || !take(event.cache(), object, from, stack)) return;
  if (to != 0)
    keep(event.cache(), object, to, stack);
  else
    add_to_table(object, unknown_holder(stack), stack);
}

}  // namespace

bool prepare_live_references() noexcept {
  if (!create_reference_table()) return false;
  caches = static_cast<ThreadCache*>(map_memory(sizeof(ThreadCache) * kMaxThreads));
  return caches != nullptr;
}

void tally_acquire(uint64_t object, bool in_history, const Registers& caller) noexcept {
  const Event event(&ThreadCache::acquires);
  if (!event) return;
  const uint32_t stack = event.stack(caller);
  add_tally(object, 0, stack, birth_code(birth_cycles() - recorder.start_cycles));
  if (in_history) add_history(REFTALLY_ACQUIRE, object, 0, 0, stack);
}

void tally_release(uint64_t object, bool is_last, bool in_history, const Registers& caller) noexcept {
  if (is_last) forget_object(object);
  const Event event(&ThreadCache::releases);
  if (!event || (is_last && !in_history)) return;
  const uint32_t stack = event.stack(caller);
  if (!is_last) add_tally(object, kGivenBack, stack, birth_code(birth_cycles() - recorder.start_cycles));
  if (in_history) add_history(is_last ? REFTALLY_RELEASE_LAST : REFTALLY_RELEASE, object, 0, 0, stack);
}

void forget_earlier_object(uint64_t object) noexcept {
  if (!in_use.load(std::memory_order_relaxed) || !may_know(object)) return;
  LiveBlock block{};
  uint32_t heard = 0;
  if (ReentryGuard guard; guard.entered()) heard = first_heard_of(object);
  if (heard != 0 && recorder.live.find_around(object, block) && heard < block.birth) forget_object(object);
}

void forget_object(uint64_t object) noexcept {
  if (!in_use.load(std::memory_order_relaxed) || !may_know(object)) return;
  if (ReentryGuard guard; guard.entered()) forget_in_table(object);
}

void forget_references_in_block(uint64_t block) noexcept {
  if (!in_use.load(std::memory_order_relaxed)) return;
  // A count may stand in a base that is not first, behind one or two words.
  for (uint64_t object = block; object <= block + 16; object += 8) forget_object(object);
}

const std::atomic<bool>& references_told() noexcept { return in_use; }

void unlock_live_references() noexcept { unlock_table(); }

bool references_were_lost() noexcept { return lost_events() != 0; }

// ---- in the child

namespace {

void write_tally(dump::Writer& writer, const ReferenceNode& node) noexcept {
  dump::EventTally tally{};
  tally.object = node.object;
  tally.holder = (node.holder & kUnknownHolder) != 0 ? 0 : node.holder;
  tally.stack = node.stack;
  const uint32_t most = INT32_MAX, units = node.count < most ? node.count : most;
  const bool given_back = node.holder == 0 || node.holder >> 62 == kGivenBack >> 62;
  tally.balance = given_back ? -static_cast<int32_t>(units) : static_cast<int32_t>(units);
  if (tally.balance != 0) writer.add(tally);
}

void write_cached(dump::Writer& writer, const Cached& slot) noexcept {
  if (slot.key.load(std::memory_order_relaxed) == 0) return;
  const ReferenceNode* evicted = find_in_table(slot.object, slot.holder);
  if (evicted != nullptr && is_of_now(*evicted)) return;  // stopped on its way to the table
  write_tally(writer, {slot.object, slot.holder, 0, slot.stack, 0, 1});
}

}  // namespace

void write_live_references(dump::Writer& writer) noexcept {
  dump::EventSummary summary{};
  const uint32_t threads = has_reference_table() ? thread_row_count() : 0;
  for (uint32_t i = 0; i < threads; i++) {
    summary.acquires += caches[i].acquires.load(std::memory_order_relaxed);
    summary.releases += caches[i].releases.load(std::memory_order_relaxed);
    summary.moves += caches[i].moves.load(std::memory_order_relaxed);
  }
  summary.lost = lost_events();
  if (summary.acquires + summary.releases + summary.moves == 0) return;  // no part of the program tells events
  writer.begin(dump::kTagEventSummary, sizeof summary);
  writer.add(summary);
  writer.begin(dump::kTagEventTallies, sizeof(dump::EventTally));
  for (uint32_t chain = 0; chain < kReferenceChains; chain++)
    for (const ReferenceNode* node = first_of_chain(chain); node != nullptr; node = next_of_chain(*node))
      if (is_of_now(*node)) write_tally(writer, *node);
  for (uint32_t i = 0; i < threads; i++)
    for (const Cached& slot : caches[i].slots) write_cached(writer, slot);
  writer.end();
}

}  // namespace reftally::runtime

using namespace reftally::runtime;

namespace {

[[gnu::noinline]] void note_history(unsigned what, const void* object, const void* holder, const void* next_holder,
                                    const Registers& caller) noexcept {
  const ReentryGuard guard;
  ThreadState* const thread = guard.entered() ? this_thread() : nullptr;
  if (thread == nullptr || !is_in_history(reinterpret_cast<uint64_t>(object))) return;
  const uint32_t stack = recorder.options.stack_sampling == 0 ? 0 : capture_repeated_stack(*thread, caller);
  add_history(what, reinterpret_cast<uint64_t>(object), reinterpret_cast<uint64_t>(holder),
              reinterpret_cast<uint64_t>(next_holder), stack);
}

}  // namespace

// What the overlay, the pass and reftally.h call: each change of a reference count, once.
extern "C" [[gnu::visibility("default"), gnu::noinline]] void reftally_agent_reference(unsigned what,
                                                                                       const void* object,
                                                                                       const void* holder,
                                                                                       const void* next_holder) {
  if (!recording()) return;
  if (history_is_kept) [[unlikely]]
    note_history(what, object, holder, next_holder, caller_registers());
  const auto counted = reinterpret_cast<uint64_t>(object), from = reinterpret_cast<uint64_t>(holder);
  switch (what) {
    case REFTALLY_ACQUIRE:
      return acquire_reference(counted, from, caller_registers());
    case REFTALLY_BORN:
      forget_object(counted);
      return acquire_reference(counted, from, caller_registers());
    case REFTALLY_RELEASE:
    case REFTALLY_RELEASE_LAST:
      return release_reference(counted, from, what == REFTALLY_RELEASE_LAST, caller_registers());
    case REFTALLY_MOVE:
      return move_reference(counted, from, reinterpret_cast<uint64_t>(next_holder));
    case REFTALLY_TAKE:
      return tally_acquire(counted, false, caller_registers());
    case REFTALLY_GIVE:
      return tally_release(counted, false, false, caller_registers());
    default:
      return;  // of a newer header
  }
}

// For runtimes that manage memory of their own (runtime/python/births.cc): true as soon as any event was told, and what
// to call then when a block is used again.
extern "C" [[gnu::visibility("default")]] const std::atomic<bool>* reftally_agent_events_told() { return &in_use; }
extern "C" [[gnu::visibility("default")]] void reftally_agent_block_is_new(const void* block) {
  // A PyObject lies at its start, or behind the collector's header, or behind two words more.
  for (uint64_t offset : {0, 16, 32}) forget_object(reinterpret_cast<uint64_t>(block) + offset);
}
