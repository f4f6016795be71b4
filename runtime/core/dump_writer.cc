#include "runtime/core/dump_writer.h"

#include <cstring>

#include "runtime/core/dump_process.h"
#include "runtime/core/system.h"

namespace reftally::runtime {
namespace {

using dump::Writer;

constexpr uint32_t kMaxThreadRecords = 16384;
dump::ThreadRecord thread_records[kMaxThreadRecords];  // .bss: touched only as far as there are threads

constexpr char kRuntimeVersion[] = "reftally-agent 0.1.0";

void write_process(Writer& writer, const SnapshotFacts& facts) noexcept {
  dump::ProcessRecord record{};
  record.pid = recorder.process.load();
  record.parent_pid = facts.parent_pid;
  record.reason = facts.reason;
  record.flags = (recorder.options.full_contents ? dump::kProcessFullContents : 0) |
                 (recorder.options.zero_fill ? dump::kProcessZeroFilled : 0) | dump::kProcessAllBlocks;
  record.start_time_ns = recorder.start_time_ns;
  record.snapshot_time_ns = real_time_ns();
  record.pause_ns = facts.pause_ns;
  record.sequence = facts.sequence;
  record.min_block_spacing = recorder.live.spacing();
  record.allocations_total = recorder.allocations.load();
  record.runtime_version = writer.string(kRuntimeVersion);
  write_process_record(writer, record);
}

void fill_thread(Writer& writer, const SnapshotFacts& facts, uint32_t tid, uint64_t pointer, const uint64_t* registers,
                 dump::ThreadRecord& record) noexcept {
  record = {};
  record.tid = tid;
  record.thread_pointer = pointer;
  record.flags = dump::kThreadRegistersKnown | (tid == recorder.process.load() ? dump::kThreadMain : 0) |
                 (tid == facts.self_tid ? dump::kThreadTookSnapshot : 0);
  memcpy(record.registers, registers, sizeof record.registers);
  if (const Mapping* stack = facts.map->find(registers[7])) {
    record.stack_begin = stack->begin;
    record.stack_end = stack->end;
  }
  uint64_t frames[kMaxStackDepth];
  uint32_t depth = unwind({registers[16], registers[7], registers[6]}, frames, recorder.options.stack_depth);
  record.stack = recorder.stacks.intern(frames, depth);
  char path[64], name[64];
  // The child has only one task; its parent's are under the parent's pid.
  Text(path, sizeof path).add("/proc/").add(recorder.process.load()).add("/task/").add(tid).add("/comm");
  int64_t size = read_file(path, name, sizeof name);
  if (size > 1) record.name = writer.string(name, static_cast<size_t>(size - 1));
}

uint32_t write_threads(Writer& writer, const SnapshotFacts& facts) noexcept {
  uint32_t count = 0;
  fill_thread(writer, facts, facts.self_tid, facts.self_thread_pointer, facts.self_registers, thread_records[count++]);
  for (uint32_t i = 0; i < facts.world->count() && count < kMaxThreadRecords; i++) {
    const StoppedThread& thread = (*facts.world)[i];
    fill_thread(writer, facts, thread.tid, thread.thread_pointer, thread.registers, thread_records[count++]);
  }
  writer.begin(dump::kTagThreads, sizeof(dump::ThreadRecord));
  for (uint32_t i = 0; i < count; i++) writer.add(thread_records[i]);
  writer.end();
  return count;
}

void write_blocks(Writer& writer) noexcept {
  writer.begin(dump::kTagBlocks, sizeof(dump::BlockRecord));
  recorder.live.for_each(
      [&](const LiveBlock& block) { writer.add(dump::BlockRecord{block.address, block.size, block.stack, 0}); });
  writer.end();
}

void write_stacks(Writer& writer) noexcept {
  writer.begin(dump::kTagStacks, sizeof(dump::StackNode));
  for (uint32_t id = 1; id <= recorder.stacks.node_count(); id++) writer.add(recorder.stacks.node(id));
  writer.end();
}

void write_declared(Writer& writer, const DeclaredByProgram& declared) noexcept {
  writer.begin(dump::kTagExpectations, sizeof(dump::Expectation));
  for (uint32_t i = 0; i < declared.expectation_count.load() && i < DeclaredByProgram::kMax; i++) {
    dump::Expectation expectation = declared.expectations[i];
    expectation.reason = writer.string(declared.reasons[i].bytes);
    if (expectation.address != 0) writer.add(expectation);
  }
  writer.begin(dump::kTagRootRegions, sizeof(dump::RootRegion));
  for (uint32_t i = 0; i < declared.region_count.load() && i < DeclaredByProgram::kMax; i++) {
    dump::RootRegion region = declared.regions[i];
    region.name = writer.string(declared.region_names[i].bytes);
    if (region.end > region.begin) writer.add(region);
  }
  writer.end();
}

void write_notes(Writer& writer, const SnapshotFacts& facts) noexcept {
  writer.begin(dump::kTagNotes, sizeof(dump::NoteRecord));
  auto warn = [&](const char* text) { writer.add(dump::NoteRecord{dump::NoteKind::kWarning, 0, writer.string(text)}); };
  if (recorder.stacks.full()) warn("the table of call stacks was full: later blocks have no birth stack");
  if (facts.world->not_stopped() != 0)
    warn("some threads could not be stopped: their whole stacks count as roots and the image may be torn");
  writer.end();
}

}  // namespace

void write_dump(Writer& writer, const SnapshotFacts& facts) noexcept {
  if (!facts.map->read()) say("cannot read /proc/self/maps: the dump lacks mappings");
  write_process(writer, facts);
  write_modules(writer, *facts.modules);
  write_mappings(writer, *facts.map);
  uint32_t thread_count = write_threads(writer, facts);
  write_blocks(writer);
  write_words(writer, facts, thread_records, thread_count);
  write_stacks(writer);
  write_declared(writer, *facts.declared);
  write_notes(writer, facts);
}

}  // namespace reftally::runtime
