#include "reports/page_interpreter.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "reports/interpreter_json.h"

namespace reftally {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMostCells = 4096;  // squares of a map
constexpr size_t kMostShapes = 200;

// Arenas with their pools, two numbers each: size of its blocks, and how many are in use.
Json arenas_with_pools(const InterpreterState& state) {
  Json json = Json::array();
  auto pool = state.pools.begin();
  for (const ArenaState& arena : state.arenas) {
    Json pools = Json::array();
    for (; pool != state.pools.end() && pool->arena == arena.number; ++pool) {
      pools.push_back(pool->block_size);
      pools.push_back(pool->live);
    }
    json.push_back({arena.number, fmt::format("{:#x}", arena.address), std::move(pools)});
  }
  return json;
}

// A row a square: first arena, pools, bytes in use, bytes.
Json cells_of_arenas(const std::vector<ArenaState>& arenas, size_t each) {
  Json json = Json::array();
  for (size_t first = 0; first < arenas.size(); first += each) {
    ArenaState sum;
    for (size_t i = first; i < std::min(first + each, arenas.size()); i++) {
      sum.pools += arenas[i].pools;
      sum.live_bytes += arenas[i].live_bytes;
      sum.pool_bytes += arenas[i].pool_bytes;
    }
    json.push_back({arenas[first].number, sum.pools, sum.live_bytes, sum.pool_bytes});
  }
  return json;
}

Json allocator(const InterpreterState& state) {
  ArenaState sum, sparse;
  uint64_t sparse_arenas = 0;
  for (const ArenaState& arena : state.arenas) {
    sum.pools += arena.pools;
    sum.empty_pools += arena.empty_pools;
    sum.live_bytes += arena.live_bytes;
    sum.pool_bytes += arena.pool_bytes;
    if (!is_sparse(arena)) continue;
    sparse_arenas++;
    sparse.pool_bytes += arena.pool_bytes;
  }
  const uint64_t pool_size = state.pools.front().pool_size;
  Json json = {{"pool_size", pool_size},
               {"pool_count", sum.pools},
               {"pool_bytes", sum.pool_bytes},
               {"live_bytes", sum.live_bytes},
               {"empty_pools", sum.empty_pools},
               {"empty_bytes", sum.empty_pools * pool_size},
               {"arena_count", state.arenas.size()},
               {"sparse_arenas", sparse_arenas},
               {"sparse_bytes", sparse.pool_bytes},
               {"classes", Json::array()}};
  for (const SizeClassState& row : state.size_classes)
    json["classes"].push_back(
        {row.block_size, row.pools, row.live, row.capacity, row.pool_bytes - row.live * row.block_size});
  if (state.pools.size() <= kMostDrawnPools) {
    json["arenas"] = arenas_with_pools(state);
  } else {
    const size_t each = (state.arenas.size() + kMostCells - 1) / kMostCells;
    json["arenas_in_cell"] = each;
    json["cells"] = cells_of_arenas(state.arenas, each);
  }
  return json;
}

}  // namespace

Json page_interpreter(const InterpreterState& state, const std::function<std::string(const std::string&)>& name) {
  Json json = {{"enabled", state.enabled},
               {"generations", Json::array()},
               {"waiting", Json::array()},
               {"interned", {state.interned, state.interned_bytes}},
               {"immortal", {state.immortal, state.immortal_bytes}}};
  for (const GenerationState& generation : state.generations)
    json["generations"].push_back(generation_json(generation));
  for (size_t i = 0; i < state.waiting.size() && i < kMostShapes; i++) {
    const WaitingShape& shape = state.waiting[i];
    json["waiting"].push_back({name(shape.type), shape.objects, shape.bytes, shape.by_generation});
  }
  json["in_sparse_arenas"] = Json::array();
  for (size_t i = 0; i < state.in_sparse_arenas.size() && i < kMostShapes; i++) {
    const KeptShape& shape = state.in_sparse_arenas[i];
    json["in_sparse_arenas"].push_back({name(shape.type), shape.objects, shape.bytes});
  }
  if (!state.pools.empty()) json["allocator"] = allocator(state);
  return json;
}

}  // namespace reftally
