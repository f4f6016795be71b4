#include "analyzer/image/block_index.h"

#include <catch2/catch.hpp>

#include "analyzer/image/image.h"

namespace reftally {

TEST_CASE("an index of no blocks finds nothing at any address") {
  const BlockIndex index(std::span<const ImageBlock>{});
  for (const uint64_t pointer : {uint64_t{0}, uint64_t{1}, uint64_t{0x7fffdead0000}, ~uint64_t{0}})
    CHECK(index.find(pointer) == BlockIndex::kNone);
}

TEST_CASE("an index finds the block around an address: small, empty, over many pages, huge") {
  std::vector<ImageBlock> blocks(4);
  blocks[0].address = 0x10000, blocks[0].size = 24;
  blocks[1].address = 0x10020, blocks[1].size = 0;
  blocks[2].address = 0x20800, blocks[2].size = 3 << 12;
  blocks[3].address = 0x7000000, blocks[3].size = 1 << 20;
  const BlockIndex index(blocks);
  CHECK(index.find(0xffff) == BlockIndex::kNone);
  CHECK(index.find(0x10000) == 0);
  CHECK(index.find(0x10017) == 0);
  CHECK(index.find(0x10018) == BlockIndex::kNone);
  CHECK(index.find(0x207ff) == BlockIndex::kNone);
  CHECK(index.find(0x20800) == 2);
  CHECK(index.find(0x237ff) == 2);
  CHECK(index.find(0x23800) == BlockIndex::kNone);
  CHECK(index.find(0x7000000 + (1 << 20) - 1) == 3);
  CHECK(index.find(0x7000000 + (1 << 20)) == BlockIndex::kNone);
}

TEST_CASE("an index finds blocks that begin at any byte, many in one place") {
  std::vector<ImageBlock> blocks;
  for (uint64_t address = 0x40000; address < 0x42000;) {
    ImageBlock block;
    block.address = address + address % 3;
    block.size = address % 7;
    address = block.address + (block.size ? block.size : 1) + address % 2;
    blocks.push_back(block);
  }
  const BlockIndex index(blocks);
  for (uint64_t pointer = 0x3fff0; pointer < 0x42020; ++pointer) {
    uint32_t expected = BlockIndex::kNone;
    for (uint32_t i = 0; i < blocks.size(); ++i)
      if (blocks[i].contains(pointer)) expected = i;
    if (index.find(pointer) != expected) FAIL(std::hex << pointer);
  }
}

}  // namespace reftally
