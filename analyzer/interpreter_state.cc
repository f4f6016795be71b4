#include "analyzer/interpreter_state.h"

#include <algorithm>
#include <map>

#include "analyzer/base/error.h"
#include "analyzer/graph/reference_graph.h"

namespace reftally {
namespace {

void add_collector(const DeclaredFacts& facts, InterpreterState& state) {
  for (size_t i = 0; i < facts.collector.size() && i < kGenerations; ++i) {
    const dump::CollectorGeneration& from = facts.collector[i];
    state.enabled = from.enabled != 0;
    GenerationState& to = state.generations[i];
    to.count = from.count;
    to.threshold = from.threshold;
    to.collections = from.collections;
    to.collected = from.collected;
    to.uncollectable = from.uncollectable;
  }
  for (size_t i = 0; i < facts.pauses.size() && i < kGenerations; ++i) {
    state.generations[i].timed = facts.pauses[i].collections;
    state.generations[i].nanoseconds = facts.pauses[i].nanoseconds;
    state.generations[i].longest_nanoseconds = facts.pauses[i].longest_nanoseconds;
  }
}

void add_objects(const Heap& heap, InterpreterState& state) {
  const ObjectSet garbage = find_collector_garbage(heap);
  std::map<std::string_view, WaitingShape> shapes;
  for (uint32_t i = 0; i < heap.object_count(); ++i) {
    const uint32_t flags = heap.flags[i], number = flags >> dump::kObjectGenerationShift;
    if ((flags & dump::kObjectInterned) != 0) ++state.interned, state.interned_bytes += heap.size[i];
    if ((flags & dump::kObjectImmortal) != 0) ++state.immortal, state.immortal_bytes += heap.size[i];
    if ((flags & dump::kObjectTracked) == 0) continue;
    GenerationState& generation = state.generations[number];
    ++generation.tracked;
    if (garbage[i] == 0) continue;
    ++generation.waiting;
    generation.waiting_bytes += heap.size[i];
    WaitingShape& shape = shapes[heap.type_name(ObjectId{i})];
    ++shape.objects;
    shape.bytes += heap.size[i];
    ++shape.by_generation[number];
  }
  for (auto& [type, shape] : shapes) {
    shape.type = type;
    state.waiting.push_back(std::move(shape));
  }
  std::stable_sort(state.waiting.begin(), state.waiting.end(),
                   [](const WaitingShape& a, const WaitingShape& b) { return a.bytes > b.bytes; });
}

void add_pools(const std::vector<dump::PoolRecord>& pools, InterpreterState& state) {
  std::map<uint32_t, SizeClassState> classes;
  std::map<uint32_t, ArenaState> arenas;
  for (const dump::PoolRecord& pool : pools) {
    ArenaState& arena = arenas[pool.arena];
    if (arena.pools == 0) arena.address = pool.address;
    ++arena.pools;
    arena.pool_bytes += pool.pool_size;
    arena.live_bytes += uint64_t{pool.live} * pool.block_size;
    if (pool.live == 0) {  // free for any size
      ++arena.empty_pools;
      continue;
    }
    SizeClassState& size_class = classes[pool.block_size];
    ++size_class.pools;
    size_class.live += pool.live;
    size_class.capacity += pool.capacity;
    size_class.pool_bytes += pool.pool_size;
  }
  for (auto& [size, size_class] : classes) {
    size_class.block_size = size;
    state.size_classes.push_back(size_class);
  }
  for (auto& [number, arena] : arenas) {
    arena.number = number;
    state.arenas.push_back(arena);
  }
}

}  // namespace

InterpreterState interpreter_state(const Image& image, const Heap& heap) {
  if (image.declared.collector.empty())
    throw Error(image.source + ": no interpreter was in this process, or the agent did not know it");
  InterpreterState state;
  add_collector(image.declared, state);
  add_objects(heap, state);
  add_pools(image.declared.pools, state);
  return state;
}

}  // namespace reftally
