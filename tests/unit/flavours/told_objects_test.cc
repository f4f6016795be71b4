// Objects of types that a program has told through reftally.h, without debug information.
#include <catch2/catch.hpp>

#include "analyzer/flavours/lift.h"
#include "tests/support/heap_inspector.h"
#include "tests/support/image_builder.h"

using namespace reftally;
using namespace reftally::test;

namespace {

// A type of 48 bytes: { count, next, parent, items, item count, title }.
struct Told {
  static constexpr uint64_t kNext = 8, kParent = 16, kItems = 24, kItemCount = 32, kTitle = 40;

  ImageBuilder memory;
  std::vector<dump::ToldObject> objects;
  std::vector<dump::ToldReference> references;
  uint32_t flags = 0;

  uint64_t object(int64_t strong_count) {
    const uint64_t address = memory.block(48);
    objects.push_back({address, strong_count, 0, 0});
    return address;
  }

  Heap lift() {
    image_ = memory.build();
    DeclaredFacts& told = image_.declared;
    using Kind = dump::ToldFieldKind;
    using Array = dump::ToldFieldArray;
    told.told_fields = {{text("next"), Kind::kStrong, Array::kOne, kNext, 8, 0, 0, 0, 0, 0},
                        {text("parent"), Kind::kWeak, Array::kOne, kParent, 8, 0, 0, 0, 0, 0},
                        {text("items[]"), Kind::kStrong, Array::kAllocated, kItems, 8, 0, kItemCount, 4, 0, 0},
                        {text("title"), Kind::kOwned, Array::kOne, kTitle, 8, 0, 0, 0, 0, 0}};
    told.told_types = {{48, 0, text("node"), 0, 4, flags, 0}};
    told.told_objects = objects;
    told.told_references = references;
    for (dump::ToldReference& reference : told.told_references) reference.name = text("visited");
    const DebugTypes types(image_, DebugOptions{.use_dwarf = false});
    return reftally::lift(image_, types, LiftOptions{.use_types = false});
  }

 private:
  dump::StringRef text(const std::string& text) {
    const dump::StringRef ref{image_.strings.size(), text.size()};
    image_.strings += text;
    return ref;
  }

  Image image_;
};

}  // namespace

TEST_CASE("told fields are exact references with the names of the fields") {
  Told told;
  const uint64_t a = told.object(1), b = told.object(2);
  told.memory.set(a + Told::kNext, b);
  told.memory.set(b + Told::kParent, a);
  const Heap heap = told.lift();
  const HeapInspector see(heap);
  CHECK(see.type_of(a) == "node");
  CHECK(see.strong_count(b) == 2);
  CHECK(heap.flavour[index(see.at(a))] == FlavourId::kDeclared);
  CHECK(see.between(a, b) == "strong/exact node::next");
  CHECK(see.between(b, a) == "weak/exact node::parent");
}

TEST_CASE("an array and a text of its own belong to the object, and only as many elements count as it says") {
  Told told;
  const uint64_t a = told.object(1), b = told.object(1), stale = told.object(1);
  const uint64_t items = told.memory.block(32), title = told.memory.block(20);
  told.memory.set(a + Told::kItems, items);
  told.memory.set(a + Told::kItemCount, 2);
  told.memory.set(a + Told::kTitle, title);
  told.memory.set(items + 8, b);
  told.memory.set(items + 16, stale);
  const Heap heap = told.lift();
  const HeapInspector see(heap);
  CHECK(see.between(a, b) == "strong/exact node::items[]");
  CHECK(see.between(a, stale).starts_with("raw/"));
  CHECK(see.size_of(a) == 48 + 32 + 20);
  CHECK(see.at(items) == kNoObject);
}

TEST_CASE("what else leads from an object that tells its fields looks on; from other memory it may own") {
  Told told;
  const uint64_t a = told.object(1), b = told.object(1), c = told.object(1);
  const uint64_t other = told.memory.block(64);
  told.memory.set(a + Told::kItemCount, b);  // no pointer, by what the type says
  told.memory.set(other + 8, c);
  const Heap heap = told.lift();
  const HeapInspector see(heap);
  CHECK(see.between(a, b).starts_with("raw/"));
  CHECK(see.between(other, c).starts_with("ambiguous/conservative"));
}

TEST_CASE("where not all fields are told any word may own") {
  Told told;
  told.flags = dump::kToldIncomplete;
  const uint64_t a = told.object(1), b = told.object(1);
  told.memory.set(a + Told::kItemCount, b);
  const Heap heap = told.lift();
  CHECK(HeapInspector(heap).between(a, b).starts_with("ambiguous/conservative"));
}

TEST_CASE("a reference that a visitor told is exact, wherever it is stored") {
  Told told;
  const uint64_t a = told.object(1), b = told.object(1);
  told.references.push_back({0, dump::ToldFieldKind::kStrong, b, 0, {}});
  const Heap heap = told.lift();
  CHECK(HeapInspector(heap).between(a, b) == "strong/exact node::visited");
}

TEST_CASE("what cannot be an object is none: no block, too small a block, a count of nothing") {
  Told told;
  const uint64_t dead = told.object(0), small = told.memory.block(24), alive = told.object(1);
  told.objects.push_back({small, 1, 0, 0});
  told.objects.push_back({0x5000, 1, 0, 0});
  told.objects.push_back({alive, 1, 0, 0});  // twice
  const Heap heap = told.lift();
  const HeapInspector see(heap);
  CHECK(see.strong_count(dead) == kUncounted);
  CHECK(see.strong_count(small) == kUncounted);
  CHECK(see.strong_count(alive) == 1);
}

TEST_CASE("several objects in one block are objects of their own") {
  Told told;
  const uint64_t pool = told.memory.block(480);
  told.objects.push_back({pool + 48, 1, 0, 0});
  told.objects.push_back({pool + 96, 1, 0, 0});
  told.memory.set(pool + 48 + Told::kNext, pool + 96);
  told.memory.set(pool + 96 + Told::kNext, pool + 48);
  const Heap heap = told.lift();
  const HeapInspector see(heap);
  CHECK(see.between(pool + 48, pool + 96) == "strong/exact node::next");
  CHECK(see.size_of(pool + 48) == 48);
  CHECK(see.strong_count(pool) == kUncounted);
}

TEST_CASE("the first object of a pool is not the pool") {
  Told told;
  const uint64_t pool = told.memory.block(480);
  told.objects.push_back({pool, 1, 0, 0});
  told.objects.push_back({pool + 48, 1, 0, 0});
  told.memory.set(pool + 48 + Told::kNext, pool);
  const Heap heap = told.lift();
  const HeapInspector see(heap);
  CHECK(see.between(pool + 48, pool) == "strong/exact node::next");
  CHECK(see.size_of(pool) == 48);
}

TEST_CASE("of an array whose length the dump did not keep nothing is certain") {
  Told told;
  const uint64_t a = told.object(1), b = told.object(1);
  const uint64_t items = told.memory.block(32);
  told.memory.set(a + Told::kItems, items);
  told.memory.drop(a + Told::kItemCount);
  told.memory.set(items + 8, b);
  const Heap heap = told.lift();
  CHECK(HeapInspector(heap).between(a, b).starts_with("ambiguous/conservative"));
}

TEST_CASE("an array may lie in the object itself while it is short") {
  Told told;
  const uint64_t a = told.object(1), b = told.object(1);
  told.memory.set(a + Told::kItems, a + Told::kTitle);
  told.memory.set(a + Told::kItemCount, 1);
  told.memory.set(a + Told::kTitle, b);
  const Heap heap = told.lift();
  CHECK(HeapInspector(heap).between(a, b) == "strong/exact node::items[]");
}
