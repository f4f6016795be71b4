#include "runtime/core/snapshot.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <atomic>
#include <cstring>

#include "runtime/core/call_state.h"
#include "runtime/core/dump_file.h"
#include "runtime/core/dump_writer.h"
#include "runtime/core/recorder.h"
#include "runtime/core/reentry_guard.h"
#include "runtime/core/system.h"

extern "C" uint64_t reftally_take_snapshot_entry(uint64_t reason);
REFTALLY_ENTRY_WITH_CALL_STATE(reftally_take_snapshot_entry, reftally_take_snapshot_here);

namespace reftally::runtime {
namespace {

constexpr uint64_t kWait = 1u << 31;  // or-ed to the reason, in the one argument of the entry

std::atomic<bool> busy{false};
bool prepared = false;
void* writer_memory = nullptr;
MemoryMap memory_map;
ModuleList module_list;
StoppedWorld world;
DeclaredByProgram declared;
std::atomic<const Contributor*> contributor{nullptr};

bool is_at_exit(dump::SnapshotReason reason) noexcept {
  return reason == dump::SnapshotReason::kMainReturned || reason == dump::SnapshotReason::kExitCalled;
}

void fill(dump::Writer& writer, const void* facts) noexcept {
  write_dump(writer, *static_cast<const SnapshotFacts*>(facts));
  if (const Contributor* other = contributor.load()) other->write(writer);
}

// In the child (or, where cloning is refused, in the parent while the threads stand still).
bool write_file(const SnapshotFacts& facts) noexcept {
  DumpName name{&recorder.options, recorder.process.load(), facts.sequence};
  return write_dump_file(name, writer_memory, fill, &facts);
}

[[noreturn]] void run_child(const SnapshotFacts& facts, bool detached) noexcept {
  // While the program runs on, the writer is a grandchild: its parent is init, nobody must wait for it.
  if (detached && clone_process() > 0) end_child(true);
  prctl(PR_SET_NAME, "reftally-dump", 0, 0, 0);
  close_program_files();
  end_child(write_file(facts));
}

// Callers may keep the only pointer to an object in a callee-saved register. After main nobody does.
void describe_caller(const CallState& caller, SnapshotFacts& facts) noexcept {
  facts.self_tid = current_thread();
  asm("mov %%fs:0x10, %0" : "=r"(facts.self_thread_pointer));
  facts.self_registers[6] = caller.rbp;
  facts.self_registers[7] = caller.sp();
  facts.self_registers[16] = caller.pc;
  if (facts.reason == dump::SnapshotReason::kMainReturned) return;
  facts.self_registers[3] = caller.rbx;
  facts.self_registers[12] = caller.r12;
  facts.self_registers[13] = caller.r13;
  facts.self_registers[14] = caller.r14;
  facts.self_registers[15] = caller.r15;
}

bool snapshot_now(SnapshotFacts& facts, bool wait) noexcept {
  sigset_t all, before;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &before);  // the child must not run the program's handlers
  const bool at_exit = is_at_exit(facts.reason);
  const uint64_t begin = monotonic_ns();
  world.stop();
  facts.pause_ns = monotonic_ns() - begin;
  long child = clone_process();
  if (child == 0) run_child(facts, !wait);
  bool ok = child > 0;
  if (child < 0 && at_exit) ok = write_file(facts);  // no room for a child: the program waits
  world.resume();
  sigprocmask(SIG_SETMASK, &before, nullptr);
  const Contributor* other = wait && !at_exit ? contributor.load() : nullptr;
  if (other != nullptr) other->waiting(true);
  if (child > 0) ok = wait_for_child(child);
  if (other != nullptr) other->waiting(false);
  if (child < 0 && !at_exit) say("no dump: the process cannot be cloned: ", strerrordesc_np(errno));
  return ok;
}

}  // namespace

void prepare_snapshots() noexcept {
  writer_memory = map_memory(dump::Writer::memory_needed());
  declared.expectations =
      static_cast<dump::Expectation*>(map_memory(DeclaredByProgram::kMax * sizeof(dump::Expectation)));
  declared.reasons =
      static_cast<DeclaredByProgram::Text*>(map_memory(DeclaredByProgram::kMax * sizeof(DeclaredByProgram::Text)));
  declared.regions = static_cast<dump::RootRegion*>(map_memory(DeclaredByProgram::kMax * sizeof(dump::RootRegion)));
  declared.region_names =
      static_cast<DeclaredByProgram::Text*>(map_memory(DeclaredByProgram::kMax * sizeof(DeclaredByProgram::Text)));
  prepared = writer_memory != nullptr && memory_map.create() && module_list.create() && StoppedWorld::prepare() &&
             prepare_word_writer() && declared.expectations != nullptr && declared.reasons != nullptr &&
             declared.regions != nullptr && declared.region_names != nullptr;
  if (!prepared) stop_recording("no address space for snapshots; nothing is recorded");
}

uint32_t take_snapshot(dump::SnapshotReason reason, bool wait) noexcept {
  if (const Contributor* other = contributor.load(); other != nullptr && !other->may_take(reason)) return 0;
  const uint64_t wait_flag = wait || is_at_exit(reason) ? kWait : 0;
  return static_cast<uint32_t>(reftally_take_snapshot_entry(static_cast<uint64_t>(reason) | wait_flag));
}

void set_contributor(const Contributor* other) noexcept { contributor.store(other); }

void expect_released(const void* object, const char* reason, const Registers& caller) noexcept {
  if (!prepared) return;
  ReentryGuard guard;
  uint32_t row = declared.expectation_count.fetch_add(1);
  if (row >= DeclaredByProgram::kMax) return;
  uint64_t frames[kMaxStackDepth];
  uint32_t count = unwind(caller, frames, recorder.options.stack_depth);
  Text(declared.reasons[row].bytes, DeclaredByProgram::kTextSize).add(reason != nullptr ? reason : "");
  declared.expectations[row] = {
      reinterpret_cast<uint64_t>(object), real_time_ns(), recorder.stacks.intern(frames, count), 0, {}};
}

void add_root_region(const void* begin, const void* end, const char* name) noexcept {
  if (!prepared) return;
  uint32_t row = declared.region_count.fetch_add(1);
  if (row >= DeclaredByProgram::kMax) return;
  Text(declared.region_names[row].bytes, DeclaredByProgram::kTextSize).add(name != nullptr ? name : "");
  declared.regions[row] = {reinterpret_cast<uint64_t>(begin), reinterpret_cast<uint64_t>(end), {}};
}

}  // namespace reftally::runtime

extern "C" [[gnu::used, gnu::visibility("hidden")]] uint64_t reftally_take_snapshot_here(
    uint64_t request, const reftally::runtime::CallState* caller) {
  using namespace reftally::runtime;
  if (!prepared || busy.exchange(true)) return 0;
  ReentryGuard guard;
  SnapshotFacts facts;
  facts.reason = static_cast<reftally::dump::SnapshotReason>(request & ~kWait);
  describe_caller(*caller, facts);
  module_list.read();
  facts.parent_pid = static_cast<uint32_t>(getppid());
  facts.sequence = static_cast<uint32_t>(recorder.snapshots.fetch_add(1) + 1);
  facts.modules = &module_list;
  facts.map = &memory_map;
  facts.world = &world;
  facts.declared = &declared;
  const bool ok = snapshot_now(facts, (request & kWait) != 0);
  busy.store(false);
  return ok ? facts.sequence : 0;
}
