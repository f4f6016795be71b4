#include "runtime/events/live_references.h"

#include <atomic>

#include "runtime/core/birth_clock.h"
#include "runtime/core/birth_stacks.h"
#include "runtime/core/recorder.h"
#include "runtime/core/reentry_guard.h"
#include "runtime/core/stack_memo.h"
#include "runtime/core/thread_state.h"
#include "runtime/events/history.h"
#include "runtime/events/holder_shadow.h"
#include "runtime/events/reference_table.h"
#include "runtime/include/reftally.h"

namespace reftally::runtime {
namespace {

constexpr uint64_t kNoPointer = uint64_t{1} << 63;

bool is_word(uint64_t holder) noexcept { return holder % 8 == 0 && holder != 0 && (holder & kNoPointer) == 0; }

// Some part of the program tells events, though none may be left; hooks of GLib and GStreamer tell them of programs
// that were not built to.
std::atomic<bool> told_by_hooks{false}, told_by_program{false};
void remember(std::atomic<bool>& told) noexcept {
  if (!told.load(std::memory_order_relaxed)) told.store(true, std::memory_order_relaxed);
}

// A signal handler's event, in the middle of one, has no stack but one that is known.
uint32_t capture(const Registers& caller) noexcept {
  if (ThreadState* const thread = own_state)
    if (const uint32_t known = known_stack(*thread, caller)) return known;
  const ReentryGuard guard;
  ThreadState* const thread = guard.entered() ? this_thread() : nullptr;
  return thread != nullptr ? capture_repeated_stack(*thread, caller) : 0;
}

uint32_t stack_of(const Registers& caller) noexcept {
  return recorder.options.stack_sampling == 0 ? 0 : capture(caller);
}

// nullptr too where the holder is no word: 0, or with the highest bit set, there is no shadow.
[[gnu::always_inline]] inline HeldReference* reference_at(uint64_t holder) noexcept {
  const Shadow shadow = holder % 8 == 0 ? shadow_of(holder) : Shadow{};
  return shadow ? &reference_in(shadow, holder) : nullptr;
}

bool is_free(const HeldReference& held) noexcept { return object_of(held) == kHoldsNone; }

// ---- the rare rest: tables with locks, which a signal handler inside the agent must not wait for

class TableUse {
 public:
  explicit operator bool() const noexcept {
    if (guard_.entered()) return true;
    count_lost_event();
    return false;
  }

 private:
  ReentryGuard guard_;
};

// The holder had one already, and was overwritten.
void set_aside(const HeldReference& held, uint64_t holder, uint64_t object) noexcept {
  const uint64_t before = object_of(held);
  if ((before & kReleases) != 0) {
    if (known_generation(holder) == held.generation) count_unknown_releases(holder, releases_in(before), held.stack);
    return;
  }
  if (before == kHoldsNone || known_generation(before) != held.generation) return;
  add_to_table(before, before == object ? unknown_holder(held.stack) : holder, held.stack);
}

void keep(uint64_t object, uint64_t holder, uint32_t stack) noexcept {
  HeldReference* const held = is_word(holder) ? make_reference_at(holder) : nullptr;
  const uint32_t generation = held != nullptr ? generation_of(object) : 0;
  if (generation == 0) return add_to_table(object, holder != 0 ? holder : unknown_holder(stack), stack);
  set_aside(*held, holder, object);
  hold(*held, object, stack, generation);
}

[[gnu::always_inline]] inline bool take_held(uint64_t object, uint64_t holder, uint32_t& stack) noexcept {
  HeldReference* const held = reference_at(holder);
  if (held == nullptr || object_of(*held) != object) return false;
  stack = held->stack;
  let_go(*held);
  return true;
}

// What the other holder had goes the other way: the first of two moves that make a swap. The second finds it done.
[[gnu::always_inline]] inline bool move_held(uint64_t object, uint64_t from, uint64_t to) noexcept {
  HeldReference *const held = reference_at(from), *const next = reference_at(to);
  if (held == nullptr || next == nullptr || object_of(*held) != object) return false;
  const uint64_t other = object_of(*next);
  if (other == 0 || other == object || (other & kReleases) != 0) return false;
  const uint32_t stack = next->stack, generation = next->generation;
  hold(*next, object, held->stack, held->generation);
  other == kHoldsNone ? let_go(*held) : hold(*held, other, stack, generation);
  return true;
}

void note(unsigned what, uint64_t object, uint64_t holder, uint64_t next_holder, const Registers& caller) noexcept {
  if (!is_in_history(object)) return;
  const uint32_t stack = stack_of(caller);
  if (const TableUse use; use) add_history(what, object, holder, next_holder, stack);
}

}  // namespace

std::atomic<EventPath> event_path{EventPath::kOff};

void choose_event_path(bool on) noexcept {
  const EventPath path = !on                                    ? EventPath::kOff
                         : history_is_kept                      ? EventPath::kHistory
                         : recorder.options.stack_sampling == 0 ? EventPath::kNoStacks
                                                                : EventPath::kStacks;
  event_path.store(path, std::memory_order_relaxed);
  use_near_shadow(path >= EventPath::kStacks);
}

void acquire_reference(uint64_t object, uint64_t holder, const Registers& caller) noexcept {
  const EventPath path = event_path.load(std::memory_order_relaxed);
  if (path == EventPath::kOff) return;
  remember(told_by_program);
  if (path == EventPath::kHistory) note(REFTALLY_ACQUIRE, object, holder, 0, caller);
  const uint32_t stack = stack_of(caller);
  if (HeldReference* const held = reference_at(holder); held != nullptr && is_free(*held)) {
    const uint32_t known = known_generation(object), generation = known != 0 ? known : generation_of(object);
    if (generation != 0) return hold(*held, object, stack, generation);
  }
  if (const TableUse use; use) keep(object, holder, stack);
}

// A reference that nobody knows is the one that the object was born with.
void release_reference(uint64_t object, uint64_t holder, bool is_last, const Registers& caller) noexcept {
  const EventPath path = event_path.load(std::memory_order_relaxed);
  if (path == EventPath::kOff) return;
  remember(told_by_program);
  if (path == EventPath::kHistory) note(is_last ? REFTALLY_RELEASE_LAST : REFTALLY_RELEASE, object, holder, 0, caller);
  uint32_t acquired;
  if (take_held(object, holder, acquired) || (is_last && !may_be_in_table(holder))) return;
  const uint32_t stack = is_last ? 0 : stack_of(caller);
  const TableUse use;
  if (!use || (may_be_in_table(holder) && take_from_table(object, holder, acquired)) || is_last) return;
  if (!add_release_at(object, stack)) count_unknown_releases(object, 1, stack);
}

void move_reference(uint64_t object, uint64_t from, uint64_t to, const Registers& caller) noexcept {
  const EventPath path = event_path.load(std::memory_order_relaxed);
  if (path == EventPath::kOff) return;
  if (path == EventPath::kHistory) note(REFTALLY_MOVE, object, from, to, caller);
  if (move_held(object, from, to)) return;
  uint32_t stack;
  if (!take_held(object, from, stack)) {
    if (!may_be_in_table(from)) return;  // the reference that the object was born with
    const TableUse use;
    if (use && take_from_table(object, from, stack)) keep(object, to, stack);
    return;
  }
  if (const TableUse use; use) keep(object, to, stack);
}

void swap_references(uint64_t now_in_one, uint64_t one, uint64_t now_in_other, uint64_t other,
                     const Registers& caller) noexcept {
  HeldReference *const a = reference_at(one), *const b = reference_at(other);
  const bool both = event_path.load(std::memory_order_relaxed) != EventPath::kHistory && a != nullptr && b != nullptr &&
                    object_of(*a) == now_in_other && object_of(*b) == now_in_one;
  if (!both) {
    move_reference(now_in_one, other, one, caller);
    move_reference(now_in_other, one, other, caller);
    return;
  }
  const uint32_t stack = a->stack, generation = a->generation;
  hold(*a, now_in_one, b->stack, b->generation);
  hold(*b, now_in_other, stack, generation);
}

bool prepare_live_references() noexcept { return create_reference_table(); }

void tally_acquire(uint64_t object, bool in_history, const Registers& caller) noexcept {
  remember(told_by_hooks);
  const uint32_t stack = stack_of(caller);
  const TableUse use;
  if (!use) return;
  add_tally(object, 0, stack, birth_code(birth_cycles() - recorder.start_cycles));
  if (in_history) add_history(REFTALLY_ACQUIRE, object, 0, 0, stack);
}

void tally_release(uint64_t object, bool is_last, bool in_history, const Registers& caller) noexcept {
  remember(told_by_hooks);
  if (is_last) forget_object(object);
  if (is_last && !in_history) return;
  const uint32_t stack = stack_of(caller);
  const TableUse use;
  if (!use) return;
  if (!is_last) add_tally(object, kGivenBack, stack, birth_code(birth_cycles() - recorder.start_cycles));
  if (in_history) add_history(is_last ? REFTALLY_RELEASE_LAST : REFTALLY_RELEASE, object, 0, 0, stack);
}

void forget_earlier_object(uint64_t object) noexcept {
  if (!shadow_in_use().load(std::memory_order_relaxed) || known_generation(object) == 0) return;
  LiveBlock block{};
  uint32_t heard = 0;
  if (ReentryGuard guard; guard.entered()) heard = first_heard_of(object);
  if (heard != 0 && recorder.live.find_around(object, block) && heard < block.birth) forget_object(object);
}

void forget_object(uint64_t object) noexcept {
  if (shadow_in_use().load(std::memory_order_relaxed)) end_generation(object);
}

void forget_references_in_block(uint64_t block) noexcept {
  if (!shadow_in_use().load(std::memory_order_relaxed)) return;
  const Shadow shadow = shadow_of(block);
  const bool next_group = block % kGroupBytes > kGroupBytes - 24;
  if (!next_group && (!shadow || !may_know_object(shadow, block))) return;
  // A count may stand in a base that is not first, behind one or two words.
  for (uint64_t object = block; object <= block + 16; object += 8)
    next_group ? end_generation(object) : end_generation(generation_in(shadow, object));
}

const std::atomic<bool>& references_told() noexcept { return shadow_in_use(); }

void unlock_live_references() noexcept {
  unlock_table();
  unlock_shadow();
}

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

void write_held(dump::Writer& writer, uint64_t address, const HeldReference& held) noexcept {
  const uint64_t object = object_of(held);
  const bool is_release = (object & kReleases) != 0;
  if (object <= kHoldsNone || known_generation(is_release ? address : object) != held.generation) return;
  writer.add(is_release ? dump::EventTally{address, 0, held.stack, -static_cast<int32_t>(releases_in(object))}
                        : dump::EventTally{object, address, held.stack, 1});
}

}  // namespace

void write_live_references(dump::Writer& writer) noexcept {
  const bool by_program = told_by_program.load(std::memory_order_relaxed);
  if (!by_program && !told_by_hooks.load(std::memory_order_relaxed) && lost_events() == 0) return;
  dump::EventSummary summary{};
  summary.by_hooks_alone = by_program ? 0 : 1;
  summary.lost = lost_events();
  writer.begin(dump::kTagEventSummary, sizeof summary);
  writer.add(summary);
  writer.begin(dump::kTagEventTallies, sizeof(dump::EventTally));
  for (uint32_t chain = 0; chain < kReferenceChains; chain++)
    for (const ReferenceNode* node = first_of_chain(chain); node != nullptr; node = next_of_chain(*node))
      if (is_of_now(*node)) write_tally(writer, *node);
  for_each_reference([&](uint64_t address, const HeldReference& held) { write_held(writer, address, held); });
  writer.end();
}

}  // namespace reftally::runtime

using namespace reftally::runtime;

namespace {

uint64_t address_of(const void* pointer) noexcept { return reinterpret_cast<uint64_t>(pointer); }

}  // namespace

// What the pass and reftally.h call, and what the overlay of earlier versions did: holders may be no words.
extern "C" [[gnu::visibility("default"), gnu::noinline]] void reftally_agent_reference(unsigned what,
                                                                                       const void* object,
                                                                                       const void* holder,
                                                                                       const void* next_holder) {
  if (!recording()) return;
  const uint64_t counted = address_of(object), from = address_of(holder);
  switch (what) {
    case REFTALLY_BORN:
      forget_object(counted);
      return acquire_reference(counted, from, caller_registers());
    case REFTALLY_ACQUIRE:
      return acquire_reference(counted, from, caller_registers());
    case REFTALLY_RELEASE:
    case REFTALLY_RELEASE_LAST:
      return release_reference(counted, from, what == REFTALLY_RELEASE_LAST, caller_registers());
    case REFTALLY_MOVE:
      return move_reference(counted, from, address_of(next_holder), caller_registers());
    case REFTALLY_TAKE:
      remember(told_by_program);
      return tally_acquire(counted, false, caller_registers());
    case REFTALLY_GIVE:
      remember(told_by_program);
      return tally_release(counted, false, false, caller_registers());
    default:
      return;  // of a newer header
  }
}

// For runtimes that manage memory of their own (runtime/python/births.cc): true as soon as any event was told, and what
// to call then when a block is used again.
extern "C" [[gnu::visibility("default")]] const std::atomic<bool>* reftally_agent_events_told() {
  return &references_told();
}
extern "C" [[gnu::visibility("default")]] void reftally_agent_block_is_new(const void* block) {
  // A PyObject lies at its start, or behind the collector's header, or behind two words more.
  for (uint64_t offset : {0, 16, 32}) forget_object(address_of(block) + offset);
}
