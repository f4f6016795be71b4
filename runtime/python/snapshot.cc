#include "runtime/python/snapshot.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <new>

#include "runtime/core/dump_file.h"
#include "runtime/core/dump_process.h"
#include "runtime/core/system.h"
#include "runtime/python/walk.h"
#include "runtime/python/word_scan.h"

namespace reftally::python {
namespace {

constexpr char kRuntimeVersion[] = "reftally-python 0.1.0";

runtime::Options options;
runtime::ModuleList modules;
runtime::MemoryMap memory_map;
void* writer_memory = nullptr;
uint64_t start_time_ns = 0;
uint32_t process = 0, sequence = 0;

struct Facts {
  dump::SnapshotReason reason;
  uint32_t parent_pid;
  uint64_t begin_ns;
  uint64_t stack_limit;  // below it the stack is the agent's
};

void write_process(dump::Writer& writer, const Facts& facts) noexcept {
  dump::ProcessRecord record{};
  record.pid = process;
  record.parent_pid = facts.parent_pid;
  record.reason = facts.reason;
  record.start_time_ns = start_time_ns;
  record.snapshot_time_ns = runtime::real_time_ns();
  record.pause_ns = runtime::monotonic_ns() - facts.begin_ns;
  record.sequence = sequence;
  record.runtime_version = writer.string(kRuntimeVersion);
  runtime::write_process_record(writer, record);
}

void scan_words(Walk& walk, const Facts& facts) noexcept {
  void* room = runtime::map_memory(sizeof(WordScan));
  if (room == nullptr) runtime::end_child(false);
  (new (room) WordScan(walk, memory_map, modules))->run(facts.stack_limit);
}

void fill(dump::Writer& writer, const void* raw) noexcept {
  write_process(writer, *static_cast<const Facts*>(raw));
  runtime::write_modules(writer, modules);
  void* room = runtime::map_memory(sizeof(Walk));
  if (room == nullptr) runtime::end_child(false);
  auto* walk = new (room) Walk(writer, WalkOptions{}, modules);
  walk->write_references();
  scan_words(*walk, *static_cast<const Facts*>(raw));
  walk->write_roots();
  walk->write_objects();
  walk->write_notes();
  if (memory_map.read()) runtime::write_mappings(writer, memory_map);
}

[[noreturn]] void run_child(const Facts& facts, bool detached) noexcept {
  // While the program runs on, the writer is a grandchild: its parent is init, nobody must wait for it.
  if (detached && runtime::clone_process() > 0) runtime::end_child(true);
  prctl(PR_SET_NAME, "reftally-dump", 0, 0, 0);
  FaultGuard::install();
  runtime::close_program_files();
  runtime::end_child(runtime::write_dump_file({&options, process, sequence}, writer_memory, fill, &facts));
}

}  // namespace

void prepare_snapshots(const runtime::Options& given) noexcept {
  options = given;
  process = runtime::current_process();
  sequence = 0;
  start_time_ns = runtime::real_time_ns();
  if (writer_memory != nullptr) return;
  writer_memory = runtime::map_memory(dump::Writer::memory_needed());
  if (writer_memory == nullptr || !modules.create() || !memory_map.create()) {
    runtime::say("no address space for snapshots of the interpreter");
    writer_memory = nullptr;
  }
}

SnapshotResult take_snapshot(dump::SnapshotReason reason, bool wait) noexcept {
  if (writer_memory == nullptr) return {};
  const Facts facts{reason, static_cast<uint32_t>(getppid()), runtime::monotonic_ns(),
                    reinterpret_cast<uint64_t>(__builtin_frame_address(0))};
  modules.read();
  sequence++;
  sigset_t all, before;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, &before);  // the child must not run the program's handlers
  const long child = runtime::clone_process();
  if (child == 0) run_child(facts, !wait);
  sigprocmask(SIG_SETMASK, &before, nullptr);
  const SnapshotResult result{sequence, runtime::monotonic_ns() - facts.begin_ns};
  if (child < 0) {
    runtime::say("no dump: the process cannot be cloned: ", strerrordesc_np(errno));
    return {};
  }
  return runtime::wait_for_child(child) ? result : SnapshotResult{};
}

}  // namespace reftally::python
