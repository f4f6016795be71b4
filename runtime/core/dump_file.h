// One dump file: its name, its life under a temporary name, and the cloned child that writes it.
#pragma once

#include "runtime/core/options.h"
#include "runtime/dump/writer.h"

namespace reftally::runtime {

struct DumpName {  // OUTPUT_DIR/NAME.PROCESS.SEQUENCE.tally
  const Options* options;
  uint32_t process, sequence;
};

inline constexpr size_t kMaxDumpPath = kMaxPath + 300;
bool dump_path(const DumpName& name, char (&path)[kMaxDumpPath]) noexcept;  // false: too long

using FillDump = void (*)(dump::Writer& writer, const void* facts) noexcept;
// Writes the file whole or not at all; says on stderr why not. `writer_memory`: Writer::memory_needed() bytes.
bool write_dump_file(const DumpName& name, void* writer_memory, FillDump fill, const void* facts) noexcept;

// Removes what an unfinished write left; the second one says why there is no dump.
void remove_unfinished(const DumpName& name) noexcept;
void discard_dump_file(const DumpName& name, const char* why, uint64_t number) noexcept;

// A child the program cannot see: with no exit signal, only __WALL and __WCLONE waits find it. -1 when refused.
long clone_process() noexcept;
// The same for a child that nobody waits for: its parent is init. `main` runs on the stack that ends at `stack_end` and
// does not return. False when refused.
bool clone_orphan(void (*main)(), void* stack_end) noexcept;
// Waits for the end of a child that writes a dump; one that takes more than ten minutes is ended. `status` is as
// wait(2) has it. False: it is no child of ours.
bool wait_for_end(long child, int& status) noexcept;
bool wait_for_child(long child) noexcept;  // true when it ended well
void close_standard_files() noexcept;      // stdin and stdout
// The program's files must not stay open in the child: a peer waits for them to close. stderr stays, for complaints.
void close_program_files() noexcept;
// What memory and time the program may have is not what its dump may; as far as this process may say so.
void lift_limits() noexcept;
// Removes what it has not finished.
[[noreturn]] void end_child(bool ok) noexcept;

}  // namespace reftally::runtime
