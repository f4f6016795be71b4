#include "runtime/core/snapshot.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <atomic>

#include "runtime/core/declarations.h"
#include "runtime/core/dump_child.h"
#include "runtime/core/dump_writer.h"
#include "runtime/core/kernel_words.h"
#include "runtime/core/recorder.h"
#include "runtime/core/reentry_guard.h"
#include "runtime/core/snapshot_timer.h"
#include "runtime/core/system.h"
#include "runtime/core/uncopied_memory.h"

namespace reftally::runtime {
namespace {

std::atomic<bool> busy{false};
bool prepared = false;
void* writer_memory = nullptr;
MemoryMap memory_map;
ModuleList module_list;
StoppedWorld world;
std::atomic<const Contributor*> contributor{nullptr};

bool is_at_exit(dump::SnapshotReason reason) noexcept {
  return reason == dump::SnapshotReason::kMainReturned || reason == dump::SnapshotReason::kExitCalled;
}

// Another thread's snapshot is short, unless that waits until its dump is whole; a process that ends waits two seconds.
bool become_busy(bool at_exit) noexcept {
  constexpr int kTries = 2000;
  for (int i = 0; busy.exchange(true); i++) {
    const timespec pause{0, 1'000'000};
    if (i == kTries) say("no dump at exit: another one is still being written");
    if (!at_exit || inside_agent || i == kTries) return false;
    nanosleep(&pause, nullptr);
  }
  return true;
}

void fill(dump::Writer& writer, const void* facts) noexcept {
  write_dump(writer, *static_cast<const SnapshotFacts*>(facts));
  if (const Contributor* other = contributor.load()) other->write(writer);
}

DumpName name_of(const SnapshotFacts& facts) noexcept {
  return {&recorder.options, recorder.process.load(), facts.sequence};
}

// What only a dump needs, in its child alone, which has no limits: the program's own may be small.
bool map_for_dump() noexcept {
  static bool mapped = false;
  if (mapped) return true;
  writer_memory = map_memory(dump::Writer::memory_needed());
  mapped = writer_memory != nullptr && memory_map.create() && prepare_word_writer();
  if (!mapped) say("no dump: no address space is left for it (ulimit -v)");
  return mapped;
}

// In the child (or, where cloning is refused, in the parent while the threads stand still).
bool write_file(const void* raw) noexcept {
  const auto& facts = *static_cast<const SnapshotFacts*>(raw);
  if (!map_for_dump()) return false;
  // Without it stacks are not known, and what only they hold would look leaked.
  if (!memory_map.read()) {
    say("no dump: cannot read /proc/self/maps");
    return false;
  }
  return write_dump_file(name_of(facts), writer_memory, fill, raw);
}

bool wait_for_dump(const SnapshotFacts& facts) noexcept {
  const Contributor* other = is_at_exit(facts.reason) ? nullptr : contributor.load();
  if (other != nullptr) other->waiting(true);
  const bool ok = wait_for_dump_child(name_of(facts));
  if (other != nullptr) other->waiting(false);
  return ok;
}

bool contributor_may_still() noexcept {
  const Contributor* const other = contributor.load();
  return other == nullptr || other->still_may();
}

enum class Start { kNotNow, kFailed, kStarted, kWritten };

// While the threads stand still.
Start start_dump(SnapshotFacts& facts, bool wait) noexcept {
  if (!contributor_may_still()) return Start::kNotNow;
  facts.sequence = static_cast<uint32_t>(recorder.snapshots.fetch_add(1) + 1);
  if (start_dump_child(write_file, &facts, name_of(facts))) return Start::kStarted;
  if (!wait) return Start::kFailed;
  read_kernel_words(recorder.process.load());  // no room for a child: the program waits
  return write_file(&facts) ? Start::kWritten : Start::kFailed;
}

bool snapshot_now(SnapshotFacts& facts, bool wait) noexcept {
  sigset_t all, before;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &before);  // the child must not run the program's handlers
  const uint64_t begin = monotonic_ns();
  world.stop();
  facts.pause_ns = monotonic_ns() - begin;
  facts.time_ns = real_time_ns();
  const Start start = start_dump(facts, wait);
  const int error = errno;
  world.resume();
  sigprocmask(SIG_SETMASK, &before, nullptr);
  if (start == Start::kFailed && !wait) say("no dump: the process cannot be cloned: ", strerrordesc_np(error));
  return start == Start::kStarted ? !wait || wait_for_dump(facts) : start == Start::kWritten;
}

// Frames of the agent itself say nothing.
uint32_t stack_of(const ProgramState& here) noexcept {
  constexpr uint32_t kDepth = 48;
  uint64_t frames[kDepth];
  const Registers start = here.innermost();
  const uint32_t count = unwind(start, bounds_around(start.sp), !here.interrupted, frames, kDepth);
  uint32_t skipped = 0;
  while (skipped < count && module_list.is_agent_code(frames[skipped])) skipped++;
  return recorder.stacks.intern(frames + skipped, count - skipped);
}

// Of a snapshot that is postponed, the signal that ends the process after it; 0 none.
thread_local int ends_by [[gnu::tls_model("initial-exec")]] = 0;

// As the signal would have ended the process without the agent.
void end_process(int number) noexcept {
  wait_for_dumps();
  struct sigaction standard{};
  standard.sa_handler = SIG_DFL;
  sigaction(number, &standard, nullptr);
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, number);
  raise(number);
  sigprocmask(SIG_UNBLOCK, &only, nullptr);
}

void take_signal_snapshot(const ProgramState& here) noexcept {
  take_snapshot(dump::SnapshotReason::kSignal, ends_by != 0, here);
  if (ends_by != 0) end_process(ends_by);
}

}  // namespace

void prepare_snapshots() noexcept {
  prepared = module_list.create() && StoppedWorld::prepare() && prepare_kernel_words() && prepare_declarations() &&
             prepare_dump_children();
  if (!prepared) stop_recording("no address space for snapshots; nothing is recorded");
}

uint32_t take_snapshot(dump::SnapshotReason reason, bool wait, const ProgramState& here) noexcept {
  if (!prepared || !recording() || recorder.restricted) return 0;
  const bool at_exit = is_at_exit(reason);
  if (!become_busy(at_exit)) return 0;
  if (const Contributor* other = contributor.load(); other != nullptr && !other->may_take(reason)) {
    busy.store(false);
    return 0;
  }
  ReentryGuard guard;
  uint32_t sequence = 0;
  if (!collect_dump_children()) {
    say("no dump: eight are still being written");
  } else {
    module_list.read();
    SnapshotFacts facts;
    facts.reason = reason;
    facts.parent_pid = static_cast<uint32_t>(getppid());
    facts.self = &here;
    facts.self_stack = stack_of(here);
    facts.modules = &module_list;
    facts.map = &memory_map;
    facts.world = &world;
    if (snapshot_now(facts, wait || at_exit)) sequence = facts.sequence;
    if (reason == dump::SnapshotReason::kSignal) timed_snapshot_taken(sequence);
  }
  busy.store(false);
  return sequence;
}

void take_snapshot_in_handler(const void* context, int ending) noexcept {
  if (recorder.restricted && ending == 0) return;
  ends_by = ending;
  if (block_in_transit) {
    snapshot_postponed = true;
    return;
  }
  take_signal_snapshot(interrupted_state(context));
}

void take_postponed_snapshot(const Registers& caller) noexcept {
  snapshot_postponed = false;
  take_signal_snapshot(calling_state(caller));
}

void wait_for_dumps() noexcept {
  if (!prepared || !become_busy(true)) return;
  wait_for_all_dump_children();
  busy.store(false);
}

void forget_snapshots() noexcept {
  forget_dump_children();
  world.forget();
  busy.store(false);
}

void set_contributor(const Contributor* other) noexcept {
  join_own_ranges(other->own_memory);
  contributor.store(other);
}

}  // namespace reftally::runtime
