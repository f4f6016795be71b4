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
    const uint32_t flags = heap.flags[i], number = collector_generation(flags);
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
  state.pools = pools;
  std::stable_sort(state.pools.begin(), state.pools.end(),
                   [](const auto& a, const auto& b) { return a.arena < b.arena; });
}

// Objects alone are told: what they keep apart (a dict's table, a list's items) lies where it lies.
void add_what_keeps_sparse_arenas(const Heap& heap, InterpreterState& state) {
  std::map<uint32_t, bool> sparse;
  for (const ArenaState& arena : state.arenas) sparse[arena.number] = is_sparse(arena);
  std::map<uint64_t, uint64_t> pools;  // begin -> end
  for (const dump::PoolRecord& pool : state.pools)
    if (sparse[pool.arena]) pools[pool.address] = pool.address + pool.pool_size;
  std::map<std::string_view, KeptShape> shapes;
  for (uint32_t i = 0; i < heap.object_count() && !pools.empty(); ++i) {
    const auto after = pools.upper_bound(heap.address[i]);
    if (after == pools.begin() || heap.address[i] >= std::prev(after)->second) continue;
    KeptShape& shape = shapes[heap.type_name(ObjectId{i})];
    ++shape.objects;
    shape.bytes += heap.size[i];
  }
  for (auto& [type, shape] : shapes) {
    shape.type = type;
    state.in_sparse_arenas.push_back(std::move(shape));
  }
  std::stable_sort(state.in_sparse_arenas.begin(), state.in_sparse_arenas.end(),
                   [](const KeptShape& a, const KeptShape& b) { return a.bytes > b.bytes; });
}

}  // namespace

bool has_interpreter(const Image& image) { return !image.declared.collector.empty(); }

InterpreterState interpreter_state(const Image& image, const Heap& heap) {
  if (!has_interpreter(image))
    throw Error(image.source + ": no interpreter was in this process, or the agent did not know it");
  InterpreterState state;
  add_collector(image.declared, state);
  add_objects(heap, state);
  add_pools(image.declared.pools, state);
  add_what_keeps_sparse_arenas(heap, state);
  return state;
}

GenerationState sum_of_generations(const InterpreterState& state) {
  GenerationState sum;
  for (const GenerationState& generation : state.generations) {
    sum.tracked += generation.tracked;
    sum.waiting += generation.waiting;
    sum.waiting_bytes += generation.waiting_bytes;
    sum.collections += generation.collections;
    sum.collected += generation.collected;
    sum.uncollectable += generation.uncollectable;
    sum.timed += generation.timed;
    sum.nanoseconds += generation.nanoseconds;
    sum.longest_nanoseconds = std::max(sum.longest_nanoseconds, generation.longest_nanoseconds);
  }
  return sum;
}

}  // namespace reftally
