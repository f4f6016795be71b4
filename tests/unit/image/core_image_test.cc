#include "analyzer/image/core_image.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "analyzer/base/error.h"
#include "tests/support/core_builder.h"
#include "tests/support/dump_builder.h"

using namespace reftally;
using testing::complete_core;
using testing::CoreBuilder;
using testing::TemporaryFile;

namespace {

Image read(const std::string& bytes) { return read_image(TemporaryFile(bytes, ".core").path(), "/nonexistent"); }

std::string refusal(const std::string& bytes) {
  try {
    read(bytes);
  } catch (const Error& error) {
    const std::string text = error.what();
    return text.substr(text.find(": ") + 2);
  }
  return "none";
}

std::vector<uint64_t> sizes_of(const Image& image) {
  std::vector<uint64_t> sizes;
  for (const ImageBlock& block : image.blocks) sizes.push_back(block.size);
  return sizes;
}

}  // namespace

TEST_CASE("a core becomes an image: process, module, thread, and words of each kind of memory") {
  const Image image = read(complete_core().bytes());
  CHECK(image.process.pid == 77);
  CHECK(image.process.executable == "/usr/bin/shop");
  CHECK(image.process.command_line == "shop --open");
  REQUIRE(image.modules.size() == 1);
  CHECK(image.modules[0].bias == 0);
  REQUIRE(image.threads.size() == 1);
  CHECK(image.threads[0].registers[7] == CoreBuilder::kStack + 0x1000);
  const ImageRegion* statics = image.region_at(CoreBuilder::kStatics);
  REQUIRE(statics);
  CHECK(statics->kind == dump::RegionKind::kStatic);
  REQUIRE(image.region_at(CoreBuilder::kStack + 0x1008));
  CHECK(image.region_at(CoreBuilder::kStack + 0x1008)->kind == dump::RegionKind::kStack);
  CHECK_FALSE(image.region_at(CoreBuilder::kStack + 0x800));  // below the stack pointer
  CHECK_FALSE(image.region_at(CoreBuilder::kArena + 500));    // the allocator's own state
}

TEST_CASE("a busy heap's arena is found beside more empty static maps than it has empty bins") {
  CoreBuilder core = complete_core();
  for (uint64_t bin = 0; bin < 100; ++bin) {
    core.set(CoreBuilder::kArena + 112 + 16 * bin, CoreBuilder::kHeap);
    core.set(CoreBuilder::kArena + 120 + 16 * bin, CoreBuilder::kHeap);
  }
  for (uint64_t map = CoreBuilder::kStatics + 0x100; map < CoreBuilder::kStatics + 0x100 + 48 * 40; map += 48) {
    core.set(map + 16, map);
    core.set(map + 24, map);
  }
  CHECK(sizes_of(read(core.bytes())) == std::vector<uint64_t>{40, 104, 504});
}

TEST_CASE("chunks that only look used are no blocks: fastbins, a thread's cache and what it holds") {
  CHECK(sizes_of(read(complete_core().bytes())) == std::vector<uint64_t>{40, 104, 504});
}

TEST_CASE("a cache whose numbers and lists disagree is a block like any other, and so are those it points to") {
  CoreBuilder core = complete_core();
  core.set(CoreBuilder::kHeap + 16, uint64_t{2} << 16);
  CHECK(sizes_of(read(core.bytes())) == std::vector<uint64_t>{0x288, 40, 40, 104, 504});
}

TEST_CASE("a block of a core is as large as its chunk can hold, and sizes are compared so") {
  const Image image = read(complete_core().bytes());
  CHECK_FALSE(image.sizes_are_exact);
  CHECK(image.block_size(1) == 24);
  CHECK(image.block_size(24) == 24);
  CHECK(image.block_size(25) == 40);
  CHECK(image.block_size(40) == 40);
  CHECK(image.block_size(41) == 56);
}

TEST_CASE("a damaged heap is told of, what lies around the damage is known, and what is not keeps things alive") {
  CoreBuilder core;
  const uint64_t held = core.used(40), damaged = core.used(100);
  core.set(damaged, held);
  core.used(40);
  core.used(200);
  std::string bytes = core.bytes();
  const uint64_t size_field = 0x70 | 1;
  const size_t at = bytes.find(std::string(reinterpret_cast<const char*>(&size_field), 8));
  REQUIRE(at != bytes.npos);
  bytes.replace(at, 8, std::string("\xff\xff\xff\xff\xff\xff\xff\x7f", 8));
  const Image image = read(bytes);
  CHECK(sizes_of(image) == std::vector<uint64_t>{40, 200});  // the 40 bytes behind may be a piece of the damaged one
  REQUIRE(image.warnings.size() == 2);
  CHECK(image.warnings[0] == fmt::format("the heap is damaged at {:#x}: the blocks there are not known, and what they "
                                         "point to counts as alive",
                                         damaged - 16));
  REQUIRE(image.region_at(damaged));
  CHECK(image.region_at(damaged)->kind == dump::RegionKind::kOther);
}

TEST_CASE("memory that the program took from brk itself is no damage: the heap goes on behind it") {
  CoreBuilder core;
  const uint64_t held = core.used(40), fence = core.used(24), own = core.used(1000);
  core.set(own, held);
  core.used(56);
  core.used(72);
  std::string bytes = core.bytes();
  const auto set = [&](uint64_t address, uint64_t word) {
    const uint64_t size_of_first = 48 | 1;
    bytes.replace(
        bytes.find(std::string(reinterpret_cast<const char*>(&size_of_first), 8)) - 8 + (address - CoreBuilder::kHeap),
        8, std::string(reinterpret_cast<const char*>(&word), 8));
  };
  set(fence - 8, 16 | 1);
  set(fence + 8, 16 | 1);
  set(own - 8, 7);
  const Image image = read(bytes);
  CHECK(sizes_of(image) == std::vector<uint64_t>{40, 72});
  CHECK(image.warnings.size() == 1);  // of the kernel's words
  REQUIRE(image.region_at(own));
  CHECK(image.region_at(own)->kind == dump::RegionKind::kOther);
}

TEST_CASE("memory up to the last address, where sums of addresses wrap, is passed by: it is the kernel's") {
  constexpr uint64_t kLast = ~uint64_t{0}, kHalf = uint64_t{1} << 63;
  CoreBuilder core = complete_core();
  core.add_segment(CoreBuilder::kStackEnd + 0x1000, kHalf, 0);
  core.add_segment(kHalf, kLast - 0x2fff, 0);
  core.add_segment(kLast - 0x2fff, kLast - 15, 0x2ff0);
  const Image image = read(core.bytes());
  CHECK_FALSE(image.region_at(kLast - 0x1fff));
  CHECK(sizes_of(image) == std::vector<uint64_t>{40, 104, 504});
}

TEST_CASE("files that are no whole core are refused in one line") {
  const std::string whole = complete_core().bytes();
  CHECK(refusal(whole.substr(0, 40)) == "at byte 0: expected an ELF header");
  CHECK(refusal(whole.substr(0, whole.size() - 1)).find("the core was cut short (ulimit -c, a full disk)") !=
        std::string::npos);
  CHECK(refusal("") == "at byte 0: expected a dump or a core; this file is empty (ulimit -c, a full disk)");
  std::string program = whole;
  program[16] = ET_EXEC;
  CHECK(refusal(program) == "at byte 0: expected a core file of an x86-64 process");
  CHECK(refusal("\x28\xb5\x2f\xfd and more") ==
        "at byte 0: expected a dump or a core; this one is compressed: decompress it first");
}

TEST_CASE("a core without glibc's malloc is refused: its blocks cannot be known") {
  CoreBuilder core;
  for (uint64_t bin = 0; bin < 127; ++bin) core.set(CoreBuilder::kArena + 112 + 16 * bin, 0);
  CHECK(refusal(core.bytes()).starts_with("expected the state of glibc's malloc in writable memory of a module"));
}
