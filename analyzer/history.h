// A process over several snapshots: what is kept of each when its heap is gone.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "analyzer/findings/growth.h"
#include "analyzer/heap/heap.h"
#include "analyzer/image/image.h"
#include "analyzer/interpreter_state.h"

namespace reftally {

struct SnapshotState {
  std::string file;
  uint32_t pid = 0;
  uint64_t nanoseconds = 0;  // since the process began
  Tally objects;             // all of them, reachable or not
  std::map<std::string, Tally> types;
  std::optional<InterpreterState> interpreter;
};

SnapshotState snapshot_state(const Image& image, const Heap& heap);

}  // namespace reftally
