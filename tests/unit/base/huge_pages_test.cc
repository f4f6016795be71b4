#include "analyzer/base/huge_pages.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <vector>

using namespace reftally;

TEST_CASE("freed memory that is kept is not given back to the kernel") {
  constexpr size_t kBlocks = 100, kBlock = 1 << 20;
  const auto use_and_free = [] {
    std::vector<void*> blocks;
    for (size_t i = 0; i < kBlocks; i++) blocks.push_back(std::malloc(kBlock));
    for (void* block : blocks) std::free(block);
  };
  keep_freed_memory();
  char* const before = static_cast<char*>(sbrk(0));
  use_and_free();
  char* const after = static_cast<char*>(sbrk(0));
  CHECK(after - before >= static_cast<ptrdiff_t>(kBlocks / 2 * kBlock));  // less what it had left
  use_and_free();
  CHECK(sbrk(0) == after);
}
