#include "reports/interpreter_json.h"

#include <nlohmann/json.hpp>

#include "reports/escape.h"

namespace reftally {
namespace {

using Json = nlohmann::ordered_json;

Json size_class_json(const SizeClassState& state) {
  return {{"block_size", state.block_size},
          {"pools", state.pools},
          {"live", state.live},
          {"capacity", state.capacity},
          {"pool_bytes", state.pool_bytes}};
}

Json arena_json(const ArenaState& state) {
  return {{"number", state.number},           {"address", state.address},       {"pools", state.pools},
          {"empty_pools", state.empty_pools}, {"live_bytes", state.live_bytes}, {"pool_bytes", state.pool_bytes}};
}

}  // namespace

Json generation_json(const GenerationState& state) {
  return {{"tracked", state.tracked},
          {"waiting", state.waiting},
          {"waiting_bytes", state.waiting_bytes},
          {"count", state.count},
          {"threshold", state.threshold},
          {"collections", state.collections},
          {"collected", state.collected},
          {"uncollectable", state.uncollectable},
          {"timed", state.timed},
          {"nanoseconds", state.nanoseconds},
          {"longest_nanoseconds", state.longest_nanoseconds}};
}

Json interpreter_json(const InterpreterState& state) {
  Json json = {{"enabled", state.enabled}};
  for (const GenerationState& generation : state.generations)
    json["generations"].push_back(generation_json(generation));
  json["waiting"] = Json::array();
  for (const WaitingShape& shape : state.waiting)
    json["waiting"].push_back({{"type", printable(shape.type)},
                               {"objects", shape.objects},
                               {"bytes", shape.bytes},
                               {"by_generation", shape.by_generation}});
  json["size_classes"] = Json::array();
  for (const SizeClassState& size_class : state.size_classes)
    json["size_classes"].push_back(size_class_json(size_class));
  json["arenas"] = Json::array();
  for (const ArenaState& arena : state.arenas) json["arenas"].push_back(arena_json(arena));
  json["in_sparse_arenas"] = Json::array();
  for (const KeptShape& shape : state.in_sparse_arenas)
    json["in_sparse_arenas"].push_back(
        {{"type", printable(shape.type)}, {"objects", shape.objects}, {"bytes", shape.bytes}});
  json["interned"] = {{"objects", state.interned}, {"bytes", state.interned_bytes}};
  json["immortal"] = {{"objects", state.immortal}, {"bytes", state.immortal_bytes}};
  return json;
}

}  // namespace reftally
