// CPython's pools, as the page gets them.
#include "reports/page_interpreter.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace reftally;

namespace {

constexpr uint32_t kPool = 16384, kBlock = 64, kCapacity = 255;

// Arenas of 64 pools; all blocks of the first pool of each are in use, of the others half.
InterpreterState with_arenas(uint32_t arenas) {
  InterpreterState state;
  SizeClassState size_class{kBlock};
  for (uint32_t number = 0; number < arenas; number++) {
    ArenaState arena{number, 0x10000000 + uint64_t{number} * 64 * kPool};
    for (uint32_t i = 0; i < 64; i++) {
      const uint32_t live = i == 0 ? kCapacity : kCapacity / 2;
      state.pools.push_back({arena.address + uint64_t{i} * kPool, number, kPool, kBlock, live, kCapacity, 0});
      arena.pools++;
      arena.pool_bytes += kPool;
      arena.live_bytes += uint64_t{live} * kBlock;
      size_class.pools++;
      size_class.live += live;
      size_class.capacity += kCapacity;
      size_class.pool_bytes += kPool;
    }
    state.arenas.push_back(arena);
  }
  state.size_classes.push_back(size_class);
  return state;
}

nlohmann::ordered_json page_of(const InterpreterState& state) {
  return page_interpreter(state, [](const std::string& type) { return type; });
}

}  // namespace

TEST_CASE("each pool is told, with the size of its blocks and those in use, while there are few") {
  const auto allocator = page_of(with_arenas(64)).at("allocator");
  REQUIRE(allocator.at("arenas").size() == 64);
  CHECK(allocator.at("arenas")[2][0] == 2);
  CHECK(allocator.at("arenas")[2][1] == "0x10200000");
  CHECK(allocator.at("arenas")[2][2].size() == 128);
  CHECK(allocator.at("arenas")[2][2][1] == kCapacity);
  CHECK(allocator.at("arenas")[2][2][3] == kCapacity / 2);
  CHECK_FALSE(allocator.contains("cells"));
}

TEST_CASE("of many pools arenas are told, of many arenas groups, so that the page stays small") {
  const auto arenas = page_of(with_arenas(65)).at("allocator");
  CHECK_FALSE(arenas.contains("arenas"));
  CHECK(arenas.at("arenas_in_cell") == 1);
  CHECK(arenas.at("cells").size() == 65);

  const InterpreterState large = with_arenas(5000);  // 5.2 GB
  const auto groups = page_of(large).at("allocator");
  CHECK(groups.at("arenas_in_cell") == 2);
  CHECK(groups.at("cells").size() == 2500);
  CHECK(page_of(large).dump().size() < 100'000);
  uint64_t live = 0;
  for (const auto& cell : groups.at("cells")) live += cell[2].get<uint64_t>();
  CHECK(live == groups.at("live_bytes"));
}

TEST_CASE("arenas less than a quarter full are counted: what is idle in them cannot be given back") {
  InterpreterState state = with_arenas(3);
  state.arenas[1].live_bytes = state.arenas[1].pool_bytes / 5;
  const auto allocator = page_of(state).at("allocator");
  CHECK(allocator.at("sparse_arenas") == 1);
  CHECK(allocator.at("sparse_bytes") == 64 * kPool);
}

TEST_CASE("without pools there is no map") { CHECK_FALSE(page_of(InterpreterState{}).contains("allocator")); }
