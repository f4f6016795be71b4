#include "analyzer/image/dump_image.h"

#include <catch2/catch.hpp>

#include "tests/support/dump_builder.h"

using namespace reftally;
using testing::complete_dump;
using testing::DumpBuilder;
using testing::TemporaryFile;

namespace {

Image read(const DumpBuilder& builder) { return read_dump(TemporaryFile(builder.bytes()).path()); }

}  // namespace

TEST_CASE("a dump with every section becomes an image with all of its facts") {
  const Image image = read(complete_dump());
  CHECK(image.process.pid == 4711);
  CHECK(image.process.executable == "/usr/bin/shop");
  CHECK(image.process.command_line == "shop --open");
  REQUIRE(image.mappings.size() == 2);
  CHECK(image.mappings[1].path == "[heap]");
  REQUIRE(image.modules.size() == 1);
  CHECK(image.modules[0].segments.size() == 2);
  CHECK(image.modules[0].build_id == "\x12\x34");
  REQUIRE(image.threads.size() == 1);
  CHECK(image.threads[0].registers[7] == 0x7ff800);
  CHECK(image.frames(image.threads[0].stack) == std::vector<uint64_t>{0x400300, 0x400200, 0x400100});
  REQUIRE(image.blocks.size() == 3);
  CHECK(image.blocks[0].birth == 1);
  CHECK(image.vtable_type(0x401010) == "4Shop");
  CHECK(image.vtable_type(0x401018) == "");
  CHECK(image.notes.at(0).second == "2 threads did not stop");
  CHECK(image.text(image.declared.types.at(0).name) == "shop.Cart");
  CHECK(image.declared.objects.at(1).strong_count == 2);
  CHECK(image.declared.references.at(0).to == 1);
  CHECK(image.text(image.declared.roots.at(0).name) == "sys.modules");
  CHECK(image.text(image.declared.root_regions.at(0).name) == "registry");
  CHECK(image.declared.kernel_words.at(0).watched == 9);
  CHECK(image.text(image.declared.expectations.at(0).reason) == "logged out");
  CHECK(image.declared.tallies.at(0).balance == 1);
  CHECK(image.declared.collector.at(0).threshold == 700);
}

TEST_CASE("what a program has told of its types is read back") {
  const Image image = read(complete_dump());
  const DeclaredFacts& told = image.declared;
  REQUIRE(told.told_types.size() == 1);
  CHECK(image.text(told.told_types[0].name) == "shelf");
  REQUIRE(told.told_fields.size() == 2);
  CHECK(image.text(told.told_fields[1].name) == "items[]");
  CHECK(told.told_fields[1].length_offset == 24);
  CHECK(told.told_objects.at(0).strong_count == 2);
  CHECK(told.told_references.at(0).target == 0x600010);
  CHECK(image.text(told.mini_object_types.at(0).name) == "GstBuffer");
}

TEST_CASE("a told object of no type is refused, and so is a type whose fields are not there") {
  DumpBuilder no_type = complete_dump();
  no_type.add(dump::kTagToldObjects, std::vector<dump::ToldObject>{{0x600010, 1, 9, 0}});
  CHECK_THROWS_WITH(read(no_type), Catch::Contains("a type of section TTYP in record 0 of section TOBJ"));
  DumpBuilder no_fields = complete_dump();
  no_fields.add(dump::kTagToldTypes, std::vector<dump::ToldType>{{48, 0, {}, 1, 7, 0, 0}});
  CHECK_THROWS_WITH(read(no_fields), Catch::Contains("fields of section TFLD in record 0 of section TTYP"));
}

TEST_CASE("call stacks in a runtime's own language stand beside the native ones") {
  const Image image = read(complete_dump());
  CHECK(image.declared.objects.at(0).birth_stack == 3);
  const std::vector<uint64_t> frames = image.frames(StackId{image.declared.objects.at(1).birth_stack});
  REQUIRE(frames == std::vector<uint64_t>{kDeclaredFrame | 1, kDeclaredFrame | 0});
  CHECK(image.text(image.declared.frames.at(frames[0] & ~kDeclaredFrame).function) == "Cart.add");
}

TEST_CASE("native frames inside those of a runtime's own language are return addresses") {
  const Image image = read(complete_dump());
  const StackId inner{image.declared.objects.at(1).birth_stack + 1};
  REQUIRE(image.frames(inner) == std::vector<uint64_t>{0x401020, kDeclaredFrame | 1, kDeclaredFrame | 0});
}

TEST_CASE("words are looked up by address; dropped words are unknown, not zero") {
  const Image image = read(complete_dump());
  CHECK(image.word(0x600010) == 0x401010);
  CHECK(image.word(0x600014) == std::nullopt);
  CHECK(image.half(0x600018) == 1);
  CHECK(image.half(0x60001c) == 2);
  CHECK(image.byte(0x60001c) == 2);
  CHECK(image.word(0x7ff800) == 0x600010);
  CHECK(image.word(0x7ff808) == std::nullopt);
  CHECK(image.byte(0x7ff808) == std::nullopt);
  CHECK(image.word(0x7ff810) == 7);
  CHECK(image.word(0x7ff818) == std::nullopt);
  CHECK(image.region_at(0x7ff817)->kind == dump::RegionKind::kStack);
  CHECK(image.region_at(0x7ff818) == nullptr);
  CHECK(image.region_at(0x600008) == nullptr);
}

TEST_CASE("a block is found by any address in it, an empty one by its own") {
  const Image image = read(complete_dump());
  CHECK(image.block_at(0x600010) == 0);
  CHECK(image.block_at(0x600027) == 0);
  CHECK(image.block_at(0x600028) == Image::kNoBlock);
  CHECK(image.block_at(0x600030) == 1);
  CHECK(image.block_at(0x600031) == Image::kNoBlock);
  CHECK(image.block_at(0x600117) == 2);
  CHECK(image.block_at(0x600118) == Image::kNoBlock);
  CHECK(image.block_at(0) == Image::kNoBlock);
}

TEST_CASE("modules and mappings are found by address") {
  const Image image = read(complete_dump());
  CHECK(image.module_at(0x401fff) == &image.modules[0]);
  CHECK(image.module_at(0x402000) == nullptr);
  CHECK(image.mapping_at(0x6fffff) == &image.mappings[1]);
  CHECK(image.mapping_at(0x700000) == nullptr);
}

TEST_CASE("the summary counts sections and records") {
  const DumpSummary summary = summarize_dump(TemporaryFile(complete_dump().bytes()).path());
  CHECK(summary.version_major == 1);
  CHECK(summary.process.pid == 4711);
  CHECK(summary.notes.size() == 1);
  const auto blocks = std::find_if(summary.sections.begin(), summary.sections.end(),
                                   [](const DumpSummary::Section& section) { return section.name == "BLKS"; });
  REQUIRE(blocks != summary.sections.end());
  CHECK(blocks->records == 3);
  CHECK(blocks->known);
}

TEST_CASE("a file of an older version, whose records are shorter, still reads") {
  DumpBuilder builder;
  builder.header.version_minor = 0;
  dump::ProcessRecord process = DumpBuilder::plain_process();
  process.run = 7;  // since 1.5: past the end of this one
  process.fork_birth = 8;
  builder.add_section({dump::kTagProcess, 88, std::string(reinterpret_cast<const char*>(&process), 88)});
  dump::ModuleRecord module{};
  module.bias = 0x400000;
  module.path = builder.string("/usr/lib/libold.so");
  builder.add_section({dump::kTagModules, 32, std::string(reinterpret_cast<const char*>(&module), 32)});
  const Image image = read(builder);
  REQUIRE(image.modules.size() == 1);
  CHECK(image.modules[0].path == "/usr/lib/libold.so");
  CHECK(image.modules[0].bias == 0x400000);
  CHECK(image.modules[0].thread_local_number == 0);
  CHECK(image.process.pid == process.pid);
  CHECK(image.process.run == 0);
  CHECK(image.process.fork_birth == 0);
}
