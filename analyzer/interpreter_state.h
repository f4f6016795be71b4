// What a managed runtime does with its memory, as declared in its dump: what waits for its cycle collector, how often
// and how long that ran, and how its allocator's pools are filled.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/heap/heap.h"
#include "analyzer/image/image.h"

namespace reftally {

inline constexpr size_t kGenerations = 4;  // the last: set aside by gc.freeze()

struct GenerationState {
  uint64_t tracked = 0;                                        // objects
  uint64_t waiting = 0, waiting_bytes = 0;                     // of those: garbage that the collector has not yet freed
  uint64_t count = 0, threshold = 0;                           // it is looked at when count exceeds threshold
  uint64_t collections = 0, collected = 0, uncollectable = 0;  // since start
  uint64_t timed = 0, nanoseconds = 0, longest_nanoseconds = 0;  // collections since the agent looks
};

struct WaitingShape {
  std::string type;
  uint64_t objects = 0, bytes = 0;
  std::array<uint64_t, kGenerations> by_generation{};  // objects
};

struct KeptShape {
  std::string type;
  uint64_t objects = 0, bytes = 0;
};

struct SizeClassState {
  uint64_t block_size = 0, pools = 0, live = 0, capacity = 0;  // blocks
  uint64_t pool_bytes = 0;
};

struct ArenaState {
  uint32_t number = 0;
  uint64_t address = 0, pools = 0, empty_pools = 0, live_bytes = 0, pool_bytes = 0;
};

// Not given back to the system while one block in it lives.
inline bool is_sparse(const ArenaState& arena) { return arena.live_bytes * 4 < arena.pool_bytes; }

struct InterpreterState {
  bool enabled = false;  // the collector runs by itself
  std::array<GenerationState, kGenerations> generations;
  std::vector<WaitingShape> waiting;         // most bytes first
  std::vector<SizeClassState> size_classes;  // by size
  std::vector<ArenaState> arenas;            // by number
  std::vector<dump::PoolRecord> pools;       // by arena, then address
  std::vector<KeptShape> in_sparse_arenas;   // what keeps them, most bytes first
  uint64_t interned = 0, interned_bytes = 0, immortal = 0, immortal_bytes = 0;
};

bool has_interpreter(const Image& image);

// `heap`: that of the image, or of its declared facts alone. Throws Error when the image has none.
InterpreterState interpreter_state(const Image& image, const Heap& heap);

GenerationState sum_of_generations(const InterpreterState& state);  // its count and threshold are 0

}  // namespace reftally
