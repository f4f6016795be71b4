#include "runtime/core/dump_process.h"

#include <unistd.h>

#include "runtime/core/options.h"
#include "runtime/core/system.h"

namespace reftally::runtime {
namespace {

using dump::Writer;

dump::StringRef link_target(Writer& writer, const char* path) noexcept {
  char target[kMaxPath];
  ssize_t length = readlink(path, target, sizeof target);
  return length > 0 ? writer.string(target, static_cast<size_t>(length)) : dump::StringRef{};
}

dump::StringRef command_line(Writer& writer) noexcept {
  char text[kMaxPath];
  int64_t size = read_file("/proc/self/cmdline", text, sizeof text);
  if (size < 0) size = static_cast<int64_t>(sizeof text);  // longer than the buffer: its beginning
  for (int64_t i = 0; i + 1 < size; i++)
    if (text[i] == '\0') text[i] = ' ';
  if (size > 0 && text[size - 1] == '\0') size--;
  return writer.string(text, static_cast<size_t>(size));
}

}  // namespace

void write_process_record(Writer& writer, dump::ProcessRecord record) noexcept {
  record.executable = link_target(writer, "/proc/self/exe");
  record.command_line = command_line(writer);
  record.working_directory = link_target(writer, "/proc/self/cwd");
  writer.begin(dump::kTagProcess, sizeof record);
  writer.add(record);
  writer.end();
}

void write_mappings(Writer& writer, const MemoryMap& map) noexcept {
  writer.begin(dump::kTagMappings, sizeof(dump::MappingRecord));
  for (uint32_t i = 0; i < map.count(); i++) {
    const Mapping& mapping = map[i];
    uint32_t flags = mapping.flags | (is_own_memory(mapping.begin, mapping.end) ? dump::kMapAgent : 0);
    writer.add(
        dump::MappingRecord{mapping.begin, mapping.end, mapping.file_offset, flags, 0, writer.string(mapping.path)});
  }
  writer.end();
}

void write_modules(Writer& writer, const ModuleList& modules) noexcept {
  writer.begin(dump::kTagModules, sizeof(dump::ModuleRecord));
  for (uint32_t i = 0; i < modules.count(); i++) {
    const Module& module = modules[i];
    dump::ModuleRecord record{};
    record.bias = module.bias;
    record.first_segment = module.first_segment;
    record.segment_count = module.segment_count;
    record.thread_local_number = module.thread_local_number;
    record.path = writer.string(module.path);
    if (module.build_id != nullptr)
      record.build_id = writer.string(reinterpret_cast<const char*>(module.build_id), module.build_id_size);
    writer.add(record);
  }
  writer.begin(dump::kTagSegments, sizeof(dump::SegmentRecord));
  for (uint32_t i = 0; i < modules.segment_count(); i++) {
    const Segment& segment = modules.segment(i);
    writer.add(dump::SegmentRecord{segment.begin, segment.end, segment.type, segment.flags});
  }
  writer.end();
}

}  // namespace reftally::runtime
