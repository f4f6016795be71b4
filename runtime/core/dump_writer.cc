#include "runtime/core/dump_writer.h"

#include <cstring>

#include "runtime/core/declarations.h"
#include "runtime/core/dump_process.h"
#include "runtime/core/kernel_words.h"
#include "runtime/core/system.h"
#include "runtime/core/thread_state.h"
#include "runtime/core/told_objects.h"
#include "runtime/core/uncopied_memory.h"
#include "runtime/events/gobject_types.h"
#include "runtime/events/history.h"
#include "runtime/events/live_references.h"

namespace reftally::runtime {
namespace {

using dump::Writer;

constexpr uint32_t kMaxThreadsWritten = 16385;
const ProgramState* threads[kMaxThreadsWritten];  // .bss: touched only as far as there are threads

constexpr char kRuntimeVersion[] = "reftally-agent 0.1.0";

void write_process(Writer& writer, const SnapshotFacts& facts) noexcept {
  dump::ProcessRecord record{};
  record.pid = recorder.process.load();
  record.parent_pid = facts.parent_pid;
  record.reason = facts.reason;
  record.flags = (recorder.options.full_contents ? dump::kProcessFullContents : 0) |
                 (recorder.options.zero_fill ? dump::kProcessZeroFilled : 0) | dump::kProcessAllBlocks;
  record.start_time_ns = recorder.start_time_ns;
  record.snapshot_time_ns = facts.time_ns;
  record.pause_ns = facts.pause_ns;
  record.sequence = facts.sequence;
  record.min_block_spacing = recorder.live.spacing();
  record.allocations_total = total_allocations();
  record.runtime_version = writer.string(kRuntimeVersion);
  record.run = recorder.options.run;
  record.fork_birth = recorder.fork_birth;
  write_process_record(writer, record);
}

uint32_t collect_threads(const SnapshotFacts& facts) noexcept {
  uint32_t count = 0;
  threads[count++] = facts.self;
  for (uint32_t i = 0; i < facts.world->count() && count < kMaxThreadsWritten; i++)
    threads[count++] = &(*facts.world)[i];
  return count;
}

uint32_t stack_of(const ProgramState& thread, const Mapping* mapping) noexcept {
  uint64_t frames[kMaxStackDepth];
  const Registers start = thread.innermost();
  const StackBounds bounds = mapping != nullptr ? StackBounds{mapping->begin, mapping->end} : StackBounds{};
  return recorder.stacks.intern(frames, unwind(start, bounds, false, frames, recorder.options.stack_depth));
}

void write_thread(Writer& writer, const SnapshotFacts& facts, const ProgramState& thread) noexcept {
  dump::ThreadRecord record{};
  const bool is_self = &thread == facts.self;
  const Mapping* stack = facts.map->find(thread.registers[kRegisterSp]);
  record.tid = thread.tid;
  record.flags = dump::kThreadRegistersKnown | (thread.tid == recorder.process.load() ? dump::kThreadMain : 0) |
                 (is_self ? dump::kThreadTookSnapshot : 0);
  record.thread_pointer = thread.thread_pointer;
  memcpy(record.registers, thread.registers, sizeof record.registers);
  if (stack != nullptr) {
    record.stack_begin = stack->begin;
    record.stack_end = stack->end;
  }
  record.stack = is_self ? facts.self_stack : stack_of(thread, stack);
  char path[64], name[64];
  // The child has only one task; its parent's are under the parent's pid.
  Text(path, sizeof path).add("/proc/").add(recorder.process.load()).add("/task/").add(thread.tid).add("/comm");
  const int64_t size = read_file(path, name, sizeof name);
  if (size > 1) record.name = writer.string(name, static_cast<size_t>(size - 1));
  writer.add(record);
}

void write_threads(Writer& writer, const SnapshotFacts& facts, uint32_t count) noexcept {
  writer.begin(dump::kTagThreads, sizeof(dump::ThreadRecord));
  for (uint32_t i = 0; i < count; i++) write_thread(writer, facts, *threads[i]);
  writer.end();
}

// A block inside another (an allocator's of the program, on top of malloc) is part of it.
void write_blocks(Writer& writer) noexcept {
  uint64_t end = 0;
  writer.begin(dump::kTagBlocks, sizeof(dump::BlockRecord));
  recorder.live.for_each([&](const LiveBlock& block) {
    if (block.address < end) return;
    end = block.address + block.size;
    writer.add(dump::BlockRecord{block.address, block.size, block.stack, block.birth});
  });
  writer.end();
}

void write_stacks(Writer& writer) noexcept {
  writer.begin(dump::kTagStacks, sizeof(dump::StackNode));
  for (uint32_t id = 1; id <= recorder.stacks.node_count(); id++) writer.add(recorder.stacks.node(id));
  writer.end();
}

void write_notes(Writer& writer, const SnapshotFacts& facts, const Troubles& troubles) noexcept {
  writer.begin(dump::kTagNotes, sizeof(dump::NoteRecord));
  auto warn = [&](const char* text) { writer.add(dump::NoteRecord{dump::NoteKind::kWarning, 0, writer.string(text)}); };
  if (recorder.stacks.full()) warn("the table of call stacks was full: later blocks have no birth stack");
  if (some_threads_had_no_state()) warn("too many threads at once: blocks of some have no birth stack");
  if (facts.world->not_stopped() != 0)
    warn("some threads could not be stopped: their whole stacks count as roots and the image may be torn");
  if (references_were_lost()) warn("some reference count events were lost: acquire stacks are not judged");
  if (const uint64_t gone = history_overwritten(); gone != 0) {
    char text[kMaxPath];
    warn(Text(text, sizeof text).add("the history is not whole: its first ").add(gone).add(" events are gone").c_str());
  }
  for (const char* text : troubles) warn(text);
  if (uncopied_memory_trouble() != nullptr) warn(uncopied_memory_trouble());
  if (recorder.other_malloc != nullptr) {
    char text[kMaxPath + 100];
    warn(Text(text, sizeof text)
             .add("the program has a malloc of its own, in ")
             .add(recorder.other_malloc)
             .add(": blocks from it are not known")
             .c_str());
  }
  writer.end();
}

}  // namespace

void write_dump(Writer& writer, const SnapshotFacts& facts) noexcept {
  const uint32_t thread_count = collect_threads(facts);
  Troubles troubles;
  write_process(writer, facts);
  write_modules(writer, *facts.modules);
  write_mappings(writer, *facts.map);
  write_threads(writer, facts, thread_count);
  write_blocks(writer);
  write_words(writer, facts, threads, thread_count, troubles);
  write_kernel_words(writer, threads, thread_count, troubles);
  write_stacks(writer);
  write_declarations(writer);
  write_live_references(writer);
  write_gobject_types(writer);
  write_told_objects(writer, troubles);
  write_history(writer);
  write_notes(writer, facts, troubles);
}

}  // namespace reftally::runtime
