#include "runtime/python/snapshot.h"

#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <atomic>
#include <new>

#include "runtime/core/contributor.h"
#include "runtime/core/dump_file.h"
#include "runtime/core/dump_process.h"
#include "runtime/core/system.h"
#include "runtime/python/agent.h"
#include "runtime/python/lost_blocks.h"
#include "runtime/python/pauses.h"
#include "runtime/python/pools.h"
#include "runtime/python/static_tables.h"
#include "runtime/python/unreached_objects.h"
#include "runtime/python/walk.h"
#include "runtime/python/word_scan.h"

namespace reftally::python {
namespace {

constexpr char kRuntimeVersion[] = "reftally-python 0.1.0";

runtime::Options options;
WalkOptions walk_options;
runtime::ModuleList modules;
runtime::MemoryMap memory_map;
void* writer_memory = nullptr;
constexpr size_t kOrphanStackSize = 1u << 20;
char* orphan_stack = nullptr;  // of a child that the program does not wait for
uint64_t start_time_ns = 0;
uint32_t process = 0, sequence = 0;
Address expectations = 0;
runtime::AgentSnapshot native_snapshot = nullptr;  // the native agent is in the process

// ---- of the snapshot being taken
struct Facts {
  dump::SnapshotReason reason;
  uint32_t parent_pid;
  uint64_t begin_ns;
  uint64_t time_ns;      // when the program stood still; the writer may start much later
  uint64_t stack_limit;  // below it the stack is the agent's
};
Facts facts;
bool may_look = false, without_gil = false;
uint64_t asked_below = 0;  // the stack limit of a snapshot that we ask the native agent for; 0: it was asked by another

template <class T, class... Arguments>
T& make(Arguments&&... arguments) noexcept {
  void* room = runtime::map_memory(sizeof(T));
  if (room == nullptr) {
    runtime::say("no dump: no address space is left for it (ulimit -v)");
    runtime::end_child(false);
  }
  return *new (room) T(static_cast<Arguments&&>(arguments)...);
}

void write_expectations(dump::Writer& writer) noexcept {
  if (expectations == 0) return;
  writer.begin(dump::kTagExpectations, sizeof(dump::Expectation));
  const auto count = read<uint64_t>(expectations + kObjectSize);
  for (uint64_t i = 0; i < count; i++) {
    constexpr int32_t kReferent = 16;  // PyWeakReference::wr_object
    const Address row = pointer_at(pointer_at(expectations + kListItems) + 8 * i);
    const Address weak = pointer_at(row + kTupleItems), address = pointer_at(row + kTupleItems + 8);
    dump::Expectation record{};
    record.address = integer_value(address);
    if (weak != python.none && pointer_at(weak + kReferent) != record.address) continue;  // it is gone, as it should
    char reason[512];
    record.reason = writer.string(reason, copy_text(pointer_at(row + kTupleItems + 16), reason, sizeof reason));
    writer.add(record);
  }
  writer.end();
}

// Those of a thread that the native agent stopped are on its stack.
bool registers_are_in_memory() noexcept {
  const Address thread = python.PyInterpreterState_ThreadHead(python.PyInterpreterState_Get());
  return native_snapshot != nullptr || python.PyThreadState_Next(thread) == 0;
}

void write_heap(dump::Writer& writer) noexcept {
  FaultGuard::install();
  Walk& walk = make<Walk>(writer, walk_options, modules);
  Column<Pool>& pools = make<Column<Pool>>();
  if (memory_map.read()) find_pools(memory_map, pools);
  UnreachedObjects& unreached = make<UnreachedObjects>(walk, pools, memory_map);
  walk.write_references(unreached);
  if (expectations != 0)  // or the report would tell of our own reference
    walk.add_root(expectations, dump::RootKind::kExternal, true, writer.string("reftally"), 0);
  FrameWords& frames = make<FrameWords>();
  frames.find(walk);
  if (registers_are_in_memory())
    make<LostBlocks>(walk, frames, pools, unreached, memory_map).add_to_walk(facts.stack_limit);
  make<StaticTables>(walk, modules).add_roots();
  make<WordScan>(walk, frames, memory_map, modules).run(facts.stack_limit);
  walk.write_roots();
  walk.write_objects();
  walk.write_collector();
  write_pauses(writer);
  walk.write_notes();
  write_expectations(writer);
  write_pools(writer, pools);
}

void write_process(dump::Writer& writer) noexcept {
  dump::ProcessRecord record{};
  record.pid = process;
  record.parent_pid = facts.parent_pid;
  record.reason = facts.reason;
  record.start_time_ns = start_time_ns;
  record.snapshot_time_ns = facts.time_ns;
  record.pause_ns = runtime::monotonic_ns() - facts.begin_ns;
  record.sequence = sequence;
  record.runtime_version = writer.string(kRuntimeVersion);
  record.run = options.run;
  runtime::write_process_record(writer, record);
}

void fill(dump::Writer& writer, const void*) noexcept {
  write_process(writer);
  runtime::write_modules(writer, modules);
  write_heap(writer);
  if (memory_map.read()) runtime::write_mappings(writer, memory_map);
}

[[noreturn]] void run_child() noexcept {
  prctl(PR_SET_NAME, "reftally-dump", 0, 0, 0);
  runtime::lift_limits();
  runtime::close_program_files();
  runtime::end_child(runtime::write_dump_file({&options, process, sequence}, writer_memory, fill, nullptr));
}

uint32_t clone_and_write(bool wait) noexcept {
  sequence++;
  sigset_t all, before;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &before);  // the child must not run the program's handlers
  const bool detached = !wait && runtime::clone_orphan([] { run_child(); }, orphan_stack + kOrphanStackSize);
  const long child = wait ? runtime::clone_process() : 0;
  if (wait && child == 0) run_child();
  sigprocmask(SIG_SETMASK, &before, nullptr);
  facts.begin_ns = runtime::monotonic_ns() - facts.begin_ns;
  if (detached) return sequence;
  if (!wait || child < 0) {
    runtime::say("no dump: the process cannot be cloned: ", strerrordesc_np(errno));
    return 0;
  }
  const bool release = facts.reason == dump::SnapshotReason::kApi;
  const Address thread = release ? python.PyEval_SaveThread() : 0;
  const bool ok = runtime::wait_for_child(child);
  if (release) python.PyEval_RestoreThread(thread);
  return ok ? sequence : 0;
}

// ---- with the native agent

std::atomic<bool> is_wanted{false};  // a snapshot that a signal asked for
std::atomic<bool> is_queued{false};  // the call below

int take_wanted_snapshot(void*) noexcept {
  is_queued.store(false);
  if (is_this_process() && is_wanted.exchange(false)) take_snapshot(dump::SnapshotReason::kSignal, false);
  return 0;
}

// A signal may come in the middle of anything; the interpreter calls us between two instructions. But only its main
// thread does, and that may wait for others, or for a client, as long as the program runs.
bool may_take_in_handler() noexcept {
  is_wanted.store(true);
  if (!is_queued.exchange(true) && python.Py_AddPendingCall(take_wanted_snapshot, nullptr) != 0)
    is_queued.store(false);  // the queue is full
  return without_gil = gil_is_free();
}

bool may_take(dump::SnapshotReason reason) noexcept {
  may_look = without_gil = false;
  if (python.layout == nullptr || !is_this_process() || python.Py_IsInitialized() == 0) return true;
  const bool is_here = has_gil(), is_ours = is_here && asked_below != 0;
  if (reason == dump::SnapshotReason::kSignal && !is_ours) {
    if (!may_take_in_handler()) return false;
  } else if (!is_here) {
    return true;
  }
  may_look = true;
  if (reason == dump::SnapshotReason::kExitCalled) exit_snapshot_is_taken();
  modules.read();
  facts.reason = reason;
  facts.stack_limit = is_ours ? asked_below : reinterpret_cast<uint64_t>(__builtin_frame_address(0));
  return true;
}

bool still_may() noexcept {
  if (!without_gil) return true;
  if (!gil_is_free()) return false;
  is_wanted.store(false);
  return true;
}

// Of the main interpreter: what we call asks for the interpreter of the thread that runs.
void become_some_thread() noexcept {
  Address main = python.PyInterpreterState_Head();
  for (Address next = main; next != 0; next = python.PyInterpreterState_Next(next)) main = next;
  python.PyThreadState_Swap(python.PyInterpreterState_ThreadHead(main));
}

void contribute(dump::Writer& writer) noexcept {
  if (!may_look || is_this_process()) return;  // never in the program itself: it installs signal handlers
  if (without_gil) become_some_thread();
  write_heap(writer);
}

void while_waiting(bool begins) noexcept {
  static Address thread = 0;
  if (!may_look || without_gil) return;
  if (begins)
    thread = python.PyEval_SaveThread();
  else
    python.PyEval_RestoreThread(thread);
}

constexpr runtime::Contributor kContributor = {
    may_take, still_may, contribute, while_waiting, {runtime::own_range_count, runtime::own_range}};

void join_native_agent() noexcept {
  const auto enroll = reinterpret_cast<runtime::SetContributor>(dlsym(RTLD_DEFAULT, "reftally_agent_set_contributor"));
  native_snapshot = reinterpret_cast<runtime::AgentSnapshot>(dlsym(RTLD_DEFAULT, "reftally_agent_snapshot"));
  if (enroll != nullptr && native_snapshot != nullptr) enroll(&kContributor);
  runtime::join_own_memory(
      reinterpret_cast<runtime::OwnMemoryEnd>(dlsym(RTLD_DEFAULT, "reftally_agent_own_memory_end")));
}

}  // namespace

void prepare_snapshots(const runtime::Options& given) noexcept {
  options = given;
  const char* redact = getenv("REFTALLY_REDACT");
  walk_options.redact = redact != nullptr && *redact != '\0' && *redact != '0';
  process = runtime::current_process();
  sequence = 0;
  is_wanted.store(false);
  is_queued.store(false);
  start_time_ns = runtime::real_time_ns();
  if (writer_memory != nullptr) return;
  writer_memory = runtime::map_memory(dump::Writer::memory_needed());
  orphan_stack = static_cast<char*>(runtime::map_memory(kOrphanStackSize));
  if (writer_memory == nullptr || orphan_stack == nullptr || !modules.create() || !memory_map.create()) {
    runtime::say("no address space for snapshots of the interpreter");
    writer_memory = nullptr;
    return;
  }
  join_native_agent();
}

bool is_this_process() noexcept { return process == runtime::current_process(); }

SnapshotResult take_snapshot(dump::SnapshotReason reason, bool wait) noexcept {
  if (writer_memory == nullptr) return {};
  if (native_snapshot == nullptr) {
    facts = {reason, static_cast<uint32_t>(getppid()), runtime::monotonic_ns(), runtime::real_time_ns(),
             reinterpret_cast<uint64_t>(__builtin_frame_address(0))};
    modules.read();
    const uint32_t number = clone_and_write(wait);
    return {number, facts.begin_ns};
  }
  asked_below = reinterpret_cast<uint64_t>(__builtin_frame_address(0));
  const uint64_t begin = runtime::monotonic_ns();
  const uint32_t number = native_snapshot(reason, wait);
  asked_below = 0;
  return {number, runtime::monotonic_ns() - begin};
}

bool snapshot_path(uint32_t number, char* buffer, size_t capacity) noexcept {
  char path[runtime::kMaxDumpPath];
  if (!runtime::dump_path({&options, process, number}, path)) return false;
  runtime::Text text(buffer, capacity);
  return !text.add(path).cut();
}

void set_expectations(Address list) noexcept { expectations = list; }

}  // namespace reftally::python
