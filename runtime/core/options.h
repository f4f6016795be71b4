// What the agent is told, by environment: `reftally run` sets these, a user may too. Read once, at start.
//
//   REFTALLY_OUTPUT_DIR   folder for dumps, absolute or relative to the folder at start (default: that folder)
//   REFTALLY_DROP_DIR     folder for dumps of a process that may not write to that one, having given up root's rights;
//                         absolute (default: none)
//   REFTALLY_NAME         NAME of NAME.PID.N.tally (default: the program's file name)
//   REFTALLY_AT_EXIT      1 (default): snapshot when main returns or exit is called; 0: never on its own
//   REFTALLY_SIGNAL       number of the signal that asks for a snapshot (default 0: none, for some programs look at
//                         their handlers). A program that installs a handler for it keeps its own. SIGHUP, SIGINT,
//                         SIGQUIT and SIGTERM end the program all the same, after the snapshot
//   REFTALLY_EVERY        milliseconds between snapshots that nobody asks for (default 0: none)
//   REFTALLY_CONTENTS     words (default): only what can be an address, a count, a small discriminator; full: all
//   REFTALLY_STACKS       1 (default): a birth stack for every block; 0: none; N > 1: for one block in N
//   REFTALLY_STACK_DEPTH  frames of a stack (default and most 128); of a deeper one the innermost 48 are kept
//   REFTALLY_ZERO_FILL    1 (default): new blocks up to 128 KB are zeroed, so that no stale word survives in slack
//   REFTALLY_HISTORY      types whose reference count events are all kept (events/history.h)
//   REFTALLY_VERBOSE      1: one line on stderr for each dump (default 0)
//   REFTALLY_RUN          number of the `reftally run` that started it; dumps have it
//   REFTALLY_OFF          1: do nothing at all in this process and what it starts
#pragma once

#include <cstddef>
#include <cstdint>

namespace reftally::runtime {

inline constexpr size_t kMaxPath = 4096;
inline constexpr uint32_t kMaxStackDepth = 128;

struct Options {
  char output_dir[kMaxPath] = {};
  char drop_dir[256] = {};  // empty: none
  char name[256] = {};
  bool at_exit = true;
  int signal = 0;
  uint64_t every_ms = 0;  // snapshot_timer.h
  bool full_contents = false;
  uint32_t stack_sampling = 1;
  uint32_t stack_depth = kMaxStackDepth;
  bool zero_fill = true;
  bool verbose = false;
  bool off = false;
  uint64_t run = 0;  // number of the `reftally run` around it
};

// What a terminal and a service manager end programs with. As snapshot signal it still does, after the snapshot, where
// the program has no handler of its own.
bool ends_programs(int signal) noexcept;

// Fills `options` from the environment and the current folder. Allocates nothing.
void read_options(Options& options) noexcept;

}  // namespace reftally::runtime
