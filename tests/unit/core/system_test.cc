// What the agent knows of its own memory: a search for words leaves that out, and must leave out nothing else.
#include "runtime/core/system.h"

#include <sys/mman.h>

#include <catch2/catch.hpp>

using namespace reftally::runtime;

namespace {

uint64_t address_of(const void* memory) { return reinterpret_cast<uint64_t>(memory); }

}  // namespace

TEST_CASE("memory that the agent gave back is the program's") {
  void* const memory = map_memory(3 * 4096);
  const uint64_t begin = address_of(memory);
  REQUIRE(memory != nullptr);
  CHECK(own_memory_end(begin + 4096) == begin + 3 * 4096);
  unmap_memory(memory);
  CHECK(own_memory_end(begin + 4096) == 0);
  CHECK_FALSE(is_own_memory(begin, begin + 4096));
}

TEST_CASE("memory that grew is the agent's where it lies now, and not where it lay") {
  char* const memory = static_cast<char*>(map_memory(4096));
  REQUIRE(memory != nullptr);
  void* const after = mmap(memory + 4096, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  char* const grown = static_cast<char*>(remap_memory(memory, 4096, 64 * 4096));
  REQUIRE(grown != nullptr);
  CHECK(own_memory_end(address_of(grown)) == address_of(grown) + 64 * 4096);
  if (grown != memory) CHECK(own_memory_end(address_of(memory)) == 0);
  unmap_memory(grown);
  if (after != MAP_FAILED) munmap(after, 4096);
}

TEST_CASE("memory of another agent is left out as ours is") {
  alignas(4096) static char of_another[4096];
  static const OwnRange kRange{address_of(of_another), address_of(of_another) + sizeof of_another};
  REQUIRE_FALSE(is_own_memory(kRange.begin, kRange.end));
  const uint32_t before = own_range_count();
  join_own_ranges({[]() noexcept { return uint32_t{1}; }, [](uint32_t) noexcept { return kRange; }});
  CHECK(is_own_memory(kRange.begin, kRange.end));
  CHECK(own_range_count() == before + 1);
  CHECK(own_range(before).begin == kRange.begin);
}
