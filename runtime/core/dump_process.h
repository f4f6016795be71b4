// What every dump says of its process: names, modules, mappings. Runs in the cloned child.
#pragma once

#include "runtime/core/memory_map.h"
#include "runtime/dump/writer.h"

namespace reftally::runtime {

// Fills in executable, command line and working directory, and writes the record.
void write_process_record(dump::Writer& writer, dump::ProcessRecord record) noexcept;
void write_modules(dump::Writer& writer, const ModuleList& modules) noexcept;
void write_mappings(dump::Writer& writer, const MemoryMap& map) noexcept;

}  // namespace reftally::runtime
