#include "runtime/core/recorder.h"

#include "runtime/core/reentry_guard.h"
#include "runtime/core/system.h"

namespace reftally::runtime {

constinit Recorder recorder;

namespace {

thread_local uint32_t allocations_of_thread [[gnu::tls_model("initial-exec")]] = 0;
thread_local uint32_t until_next_stack [[gnu::tls_model("initial-exec")]] = 0;

bool wants_stack() noexcept {
  const uint32_t sampling = recorder.options.stack_sampling;
  if (sampling <= 1) return sampling == 1;
  if (until_next_stack-- != 0) return false;
  until_next_stack = sampling - 1;
  return true;
}

void count_allocation() noexcept {
  if (++allocations_of_thread % 1024 == 0) recorder.allocations.fetch_add(1024, std::memory_order_relaxed);
}

}  // namespace

void start_recording(uint32_t spacing) noexcept {
  read_options(recorder.options);
  if (recorder.options.off) return;
  recorder.start_time_ns = real_time_ns();
  recorder.process.store(current_process(), std::memory_order_relaxed);
  if (!recorder.live.create(spacing) || !recorder.stacks.create() || !create_unwinder())
    return stop_recording("no address space for the tables of the agent; nothing is recorded");
  recorder.active.store(true, std::memory_order_release);
}

void stop_recording(const char* why) noexcept {
  static std::atomic<bool> said{false};
  recorder.active.store(false, std::memory_order_release);
  if (!said.exchange(true)) say(why);
}

void record_block(void* block, size_t size, const Registers& caller) noexcept {
  ReentryGuard guard;
  if (!guard.entered()) return;
  count_allocation();
  uint32_t stack = 0;
  if (wants_stack()) {
    uint64_t frames[kMaxStackDepth];
    uint32_t count = unwind(caller, frames, recorder.options.stack_depth);
    stack = recorder.stacks.intern(frames, count);
  }
  if (!recorder.live.add(reinterpret_cast<uint64_t>(block), size, stack))
    stop_recording("no address space for the table of live blocks; recording stops");
}

void forget_block(void* block) noexcept { recorder.live.remove(reinterpret_cast<uint64_t>(block)); }

}  // namespace reftally::runtime
