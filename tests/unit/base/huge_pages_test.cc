#include "analyzer/base/huge_pages.h"

#include <malloc.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <vector>

using namespace reftally;

TEST_CASE("a heap that is kept has its room beforehand, and gives none of it back") {
  constexpr size_t kRoom = 200 << 20, kBlock = 1 << 20;
  keep_heap(kRoom);
  CHECK(mallinfo2().arena >= kRoom);
  void* const end = sbrk(0);
  for (int round = 0; round < 2; round++) {
    std::vector<void*> blocks;
    for (size_t i = 0; i < kRoom / kBlock / 2; i++) blocks.push_back(std::malloc(kBlock));
    for (void* block : blocks) std::free(block);
    CHECK(sbrk(0) == end);
  }
  keep_heap(kRoom);
  CHECK(sbrk(0) == end);
}
