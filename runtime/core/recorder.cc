#include "runtime/core/recorder.h"

#include "runtime/core/birth_clock.h"
#include "runtime/core/birth_stacks.h"
#include "runtime/core/memory_limit.h"
#include "runtime/core/reentry_guard.h"
#include "runtime/core/system.h"
#include "runtime/core/thread_state.h"
#include "runtime/events/history.h"
#include "runtime/events/live_references.h"

namespace reftally::runtime {

constinit Recorder recorder;

namespace {

bool wants_stack(ThreadState& thread) noexcept {
  const uint32_t sampling = recorder.options.stack_sampling;
  if (sampling <= 1) return sampling == 1;
  if (thread.until_next_stack-- != 0) return false;
  thread.until_next_stack = sampling - 1;
  return true;
}

uint32_t count_and_capture(const Registers& caller) noexcept {
  ReentryGuard guard;
  ThreadState* thread = guard.entered() ? this_thread() : nullptr;
  if (thread == nullptr) {
    count_allocation_without_state();
    return 0;
  }
  thread->allocations.store(thread->allocations.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  return wants_stack(*thread) ? birth_stack(*thread, caller) : 0;
}

}  // namespace

uint32_t birth_now() noexcept { return birth_code(birth_cycles() - recorder.start_cycles); }

void start_recording(uint32_t spacing) noexcept {
  read_options(recorder.options);
  if (recorder.options.off) return;
  recorder.start_time_ns = real_time_ns();
  recorder.start_cycles = birth_cycles();
  recorder.process.store(current_process(), std::memory_order_relaxed);
  remember_stderr();
  if (memory_is_scarce())
    return stop_recording("memory is limited to less than 1 GB (ulimit -v, -d); nothing is recorded");
  if (!create_thread_states() || !recorder.live.create(spacing) || !recorder.stacks.create() || !create_unwinder() ||
      !prepare_live_references())
    return stop_recording("no address space for the tables of the agent; nothing is recorded");
  prepare_history();
  recorder.active.store(true, std::memory_order_release);
  choose_event_path(true);
}

void stop_recording(const char* why) noexcept {
  static std::atomic<bool> said{false};
  recorder.active.store(false, std::memory_order_release);
  choose_event_path(false);
  if (!said.exchange(true) && !recorder.restricted) say(why);
}

void record_block(void* block, size_t size, const Registers& caller) noexcept {
  // A block that the agent's own calls or a signal handler inside it make is a block like any other, without a stack.
  const uint32_t stack = count_and_capture(caller);
  if (!recorder.live.add(reinterpret_cast<uint64_t>(block), size, stack, birth_now()))
    stop_recording("no memory for the table of live blocks, or the program has limited its own; recording stops");
}

void forget_block(void* block) noexcept {
  recorder.live.remove(reinterpret_cast<uint64_t>(block));
  forget_references_in_block(reinterpret_cast<uint64_t>(block));
}

}  // namespace reftally::runtime
