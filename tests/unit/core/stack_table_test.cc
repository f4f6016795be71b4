// The table of call stacks.
#include "runtime/core/stack_table.h"

#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <random>
#include <thread>
#include <utility>
#include <vector>

using namespace reftally::runtime;

namespace {

struct Call {
  size_t caller;  // of the calls before it, or its own index: it is outermost
  uint64_t ip;
};

std::vector<Call> random_calls(size_t count) {
  std::mt19937_64 random(7);
  std::vector<Call> calls;
  for (size_t i = 0; i < count; i++) calls.push_back({random() % (i + 1), 0x555500000000 + random() % 4096});
  return calls;
}

std::vector<uint32_t> nodes_of(StackTable& table, const std::vector<Call>& calls) {
  std::vector<uint32_t> nodes;
  for (size_t i = 0; i < calls.size(); i++) {
    const uint32_t caller = calls[i].caller == i ? 0 : nodes[calls[i].caller];
    nodes.push_back(table.child(caller, calls[i].ip, 0));
  }
  return nodes;
}

uint64_t page_faults() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<uint64_t>(usage.ru_minflt);
}

}  // namespace

TEST_CASE("equal stacks have one node, others another, whichever of several threads meets them first") {
  const auto table = std::make_unique<StackTable>();
  REQUIRE(table->create());
  const std::vector<Call> calls = random_calls(300'000);
  std::vector<uint32_t> found[4];
  {
    std::vector<std::jthread> threads;
    for (std::vector<uint32_t>& nodes : found) threads.emplace_back([&] { nodes = nodes_of(*table, calls); });
  }
  for (const std::vector<uint32_t>& nodes : found) CHECK(nodes == found[0]);
  CHECK(nodes_of(*table, calls) == found[0]);

  std::map<std::pair<uint32_t, uint64_t>, uint32_t> expected;
  bool all_true = true;
  for (size_t i = 0; i < calls.size(); i++) {
    const uint32_t caller = calls[i].caller == i ? 0 : found[0][calls[i].caller], node = found[0][i];
    all_true &= expected.try_emplace({caller, calls[i].ip}, node).first->second == node;
    all_true &= table->parent(node) == caller && table->node(node).ip == calls[i].ip;
  }
  CHECK(all_true);
  CHECK(table->node_count() >= expected.size());
}

TEST_CASE("few stacks touch few pages") {
  const auto table = std::make_unique<StackTable>();
  REQUIRE(table->create());
  const std::vector<Call> calls = random_calls(10'000);
  const uint64_t before = page_faults();
  const uint32_t last = nodes_of(*table, calls).back();
  CHECK(last != 0);
  CHECK(page_faults() - before < 300);
}
