#include "runtime/core/growing_memory.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <thread>
#include <vector>

#include "runtime/core/system.h"

using namespace reftally::runtime;

namespace {

// In a child, for a limit stays.
int in_child(int (*run)()) {
  const pid_t child = fork();
  if (child == 0) _exit(run());
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// The cases before may have left the agent's tables, which are a part of its share.
int grow_under_a_limit() {
  const rlim_t before = own_memory_size(), most = 4 * (before + (256u << 20));
  const rlimit limit{most, most};
  if (setrlimit(RLIMIT_DATA, &limit) != 0) return 2;
  GrowingMemory<0> memory;
  uint32_t made = 0;
  while (made < 1000 && memory.make(made, 4u << 20) != nullptr) made++;
  const bool is_small = before + made * (4ull << 20) <= most / 4;
  return made > 0 && is_small && memory.exhausted() && memory.made() == made && memory.at(0, 4u << 20) != nullptr ? 0
                                                                                                                  : 1;
}

}  // namespace

TEST_CASE("memory that grows has a place of its own for each element, of zeros, that never moves") {
  GrowingArray<uint64_t, 2> array;
  std::vector<uint64_t*> places;
  for (uint32_t i = 0; i < 1000; i++) {
    uint64_t* const place = array.make(i);
    REQUIRE(place != nullptr);
    CHECK(*place == 0);
    *place = i + 1;
    places.push_back(place);
  }
  for (uint32_t i = 0; i < 1000; i++) {
    CHECK(&array[i] == places[i]);
    CHECK(array[i] == i + 1);
  }
  CHECK(array.made() == 4 * ((1 << 8) - 1));  // 4 + 8 + … + 512
}

TEST_CASE("two threads that make an element at once have the same") {
  for (uint32_t round = 0; round < 50; round++) {
    GrowingArray<uint64_t, 0> array;
    uint64_t* found[2] = {};
    std::thread other([&] { found[1] = array.make(7); });
    found[0] = array.make(7);
    other.join();
    REQUIRE(found[0] != nullptr);
    CHECK(found[0] == found[1]);
  }
}

TEST_CASE("memory that grows takes a quarter at most of what the program may have, and then asks no more") {
  CHECK(in_child(grow_under_a_limit) == 0);
}
