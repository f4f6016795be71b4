// Counts inside objects, told by votes.
#include "analyzer/flavours/own_counts.h"

#include <catch2/catch.hpp>
#include <functional>
#include <map>

#include "tests/support/image_builder.h"
#include "tests/support/type_builder.h"

using namespace reftally;
using namespace reftally::test;

namespace {

struct Fixture {
  ImageBuilder memory;
  TypeBuilder types;
  CountedObjects counted;
  std::vector<MetPointer> met;
  StatedCounts stated;

  const Type* node(const std::string& count_name) {
    return types.structure("Node", 24,
                           {{"weight", 0, types.integer("long", 8)}, {count_name, 8, types.integer("int", 4)}});
  }
  uint64_t object(uint64_t weight, uint32_t count) {
    const uint64_t block = memory.block(24);
    memory.set(block, weight);
    memory.set(block + 8, count);
    return block;
  }
  // The same object for the same count.
  uint64_t memory_of(int count) {
    uint64_t& known = known_[count];
    return known ? known : known = object(7, static_cast<uint32_t>(count));
  }
  void point(const Type* pointer, uint64_t target, int times = 1) {
    for (int i = 0; i < times; ++i) met.push_back({pointer, target});
  }
  std::map<int, uint64_t> known_;
  CountedPointers vote() {
    const Image image = memory.build();
    const DebugTypes none(image, DebugOptions{.use_dwarf = false});
    CountedPointers found = find_own_counts(image, none, stated, met, counted);
    counted.build_index();
    return found;
  }
};

}  // namespace

TEST_CASE("a class of one pointer with a destructor has the shape of a smart pointer") {
  TypeBuilder types;
  const Type* node = types.structure("Node", 8, {{"count", 0, types.integer("int", 4)}});
  const Type* plain = types.structure("Iterator", 8, {{"at_", 0, types.pointer(node)}});
  const Type* pair = types.structure("Pair", 16, {{"a", 0, types.pointer(node)}, {"b", 8, types.pointer(node)}});
  REQUIRE(pointer_shape(*types.smart_pointer("Ref", node)));
  CHECK(pointer_shape(*types.smart_pointer("Ref", node))->pointee == node);
  CHECK_FALSE(pointer_shape(*plain));
  CHECK_FALSE(pointer_shape(*pair));
  CHECK_FALSE(pointer_shape(*types.unique_ptr(node)));
}

TEST_CASE("a member named as a count is one when it agrees with a single object") {
  Fixture heap;
  const Type* ref = heap.types.smart_pointer("Ref", heap.node("refs_"));
  const uint64_t object = heap.object(0, 2);
  heap.point(ref, object, 2);
  CHECK(heap.vote() == CountedPointers{{{"Ref", 8}}, {}});
  REQUIRE(heap.counted.objects.size() == 1);
  CHECK(heap.counted.objects[0].strong == 2);
  CHECK(heap.counted.objects[0].begin() == object);
  CHECK(heap.counted.at(object + 8) == 0);
}

TEST_CASE("a member of any name is a count when different counts agree") {
  Fixture heap;
  const Type* ref = heap.types.smart_pointer("Handle", heap.node("alive"));
  for (int count : {1, 2, 3}) heap.point(ref, heap.object(7, static_cast<uint32_t>(count)), count);
  CHECK(heap.vote() == CountedPointers{{{"Handle", 8}}, {}});
}

TEST_CASE("an integer of two bytes is a count where its name speaks of references") {
  for (const std::string name : {"refcount", "count"}) {
    Fixture heap;
    const Type* slim = heap.types.structure("Slim", 24, {{name, 10, heap.types.integer("unsigned short", 2)}});
    const uint64_t object = heap.object(7, (2u << 16) | 7);
    heap.point(heap.types.smart_pointer("Ref", slim), object, 2);
    const CountedPointers found = heap.vote();
    if (name == "count") {
      CHECK(found.empty());
      continue;
    }
    CHECK(found == CountedPointers{{{"Ref", 10}}, {}});
    REQUIRE(heap.counted.objects.size() == 1);
    CHECK(heap.counted.objects[0].strong == 2);
    CHECK(heap.counted.at(object + 10) == 0);
  }
}

TEST_CASE("a small integer that only sometimes equals its object's pointers is no count") {
  Fixture heap;
  const Type* table = heap.types.structure("Table", 24, {{"prefix", 8, heap.types.integer("unsigned char", 1)}});
  const Type* owner = heap.types.smart_pointer("Owner", table);
  for (uint32_t prefix : {1, 1, 5, 9}) heap.point(owner, heap.object(7, prefix));
  CHECK(heap.vote().empty());
}

TEST_CASE("a one in every object with one owner is no count") {
  Fixture heap;
  const Type* owner = heap.types.smart_pointer("Owner", heap.node("version"));
  for (int i = 0; i < 10; ++i) heap.point(owner, heap.object(7, 1));
  CHECK(heap.vote().empty());
  CHECK(heap.counted.objects.empty());
}

TEST_CASE("fewer than its pointers is no count") {
  Fixture heap;
  const Type* ref = heap.types.smart_pointer("Ref", heap.node("count"));
  heap.point(ref, heap.object(7, 2), 2);
  heap.point(ref, heap.object(7, 1), 2);
  CHECK(heap.vote().empty());
}

TEST_CASE("a class that only watches does not spoil the vote of those that own") {
  Fixture heap;
  const Type* node = heap.node("refs_");
  const Type *ref = heap.types.smart_pointer("Ref", node), *watch = heap.types.smart_pointer("Watch", node);
  const uint64_t a = heap.object(7, 2), b = heap.object(7, 1);
  heap.point(ref, a, 2);
  heap.point(ref, b);
  heap.point(watch, a);
  CHECK(heap.vote() == CountedPointers{{{"Ref", 8}}, {}});
}

TEST_CASE("plain pointers vote where no smart pointer does, and only for a count of references") {
  for (const std::string name : {"ref_count", "children"}) {
    Fixture heap;
    const Type* node = heap.node(name);
    for (int count : {1, 2, 3})
      for (int i = 0; i < count; ++i) heap.met.push_back({node, heap.memory_of(count), "Scene::nodes_[]"});
    const CountedPointers found = heap.vote();
    if (name == "ref_count") {
      CHECK(found == CountedPointers{{}, {{"Scene::nodes_[]", 8}}});
      CHECK(heap.counted.objects.size() == 3);
      CHECK(heap.counted.objects.front().has_plain_holders);
    } else {
      CHECK(found.empty());
    }
  }
}

TEST_CASE("beside smart pointers plain ones only look on") {
  Fixture heap;
  const Type* node = heap.node("refs_");
  const Type* ref = heap.types.smart_pointer("Ref", node);
  for (int count : {1, 2, 3}) heap.point(ref, heap.memory_of(count), count);
  for (int i = 0; i < 5; ++i) heap.met.push_back({node, heap.object(7, 1), "Child::parent_"});
  CHECK(heap.vote() == CountedPointers{{{"Ref", 8}}, {}});
}

TEST_CASE("what is stated is not voted on") {
  Fixture heap;
  heap.stated.read("count Node::weight # by another name\npointer Held\nmember g_node\n", "counts");
  const Type* node = heap.node("refs_");
  const Type* held = heap.types.structure("Held", 16, {{"at_", 0, heap.types.pointer(node)}});
  const uint64_t object = heap.object(4, 9);
  REQUIRE(pointer_shape(*held, heap.stated));
  CHECK_FALSE(pointer_shape(*held));
  heap.point(held, object, 1);
  heap.met.push_back({node, object, "g_node"});
  CHECK(heap.vote() == CountedPointers{{{"Held", 0}}, {{"g_node", 0}}});
  REQUIRE(heap.counted.objects.size() == 1);
  CHECK(heap.counted.objects[0].strong == 4);
  CHECK(heap.stated.unmatched().empty());
}

TEST_CASE("a line of stated counts that nothing matches is told, one that cannot be read is an error") {
  StatedCounts stated;
  stated.read("# ours\n\ncount a::B::refs_\n", "counts.txt");
  CHECK(stated.unmatched() ==
        std::vector<std::string>{"counts.txt:3: nothing matches a::B::refs_: expected a class with "
                                 "that integer member"});
  CHECK(stated.is_count("a::B", "refs_"));
  CHECK(stated.unmatched().empty());
  CHECK_THROWS_WITH(stated.read("count refs_\n", "f"), "f:1: expected CLASS::MEMBER after `count`");
  CHECK_THROWS_WITH(stated.read("\nweak Node\n", "f"),
                    "f:2: expected `count CLASS::MEMBER`, `pointer CLASS` or `member PLACE`");
}

TEST_CASE("blocks with more than one such object stay blocks") {
  Fixture heap;
  const Type* ref = heap.types.smart_pointer("Ref", heap.node("refs_"));
  const uint64_t array = heap.memory.block(48);
  heap.memory.set(array + 8, 1);
  heap.memory.set(array + 32, 1);
  heap.point(ref, array);
  heap.point(ref, array + 24);
  CHECK_FALSE(heap.vote().empty());
  CHECK(heap.counted.objects.empty());
}

namespace {

// `written` of the owners of each of nine objects: 1, 2, 3, 1, 2, 3 …
CountedPointers vote_on_written(Fixture& heap, const std::string& name, const std::function<int(int)>& written,
                                int objects = 9) {
  const Type* ref = heap.types.smart_pointer("Ref", heap.node(name));
  for (int i = 0; i < objects; ++i) {
    const int owners = 1 + i % 3;
    heap.point(ref, heap.object(7, static_cast<uint32_t>(written(owners))), owners);
  }
  return heap.vote();
}

}  // namespace

TEST_CASE("a count may have flags in its lowest bits, or begin at -1, where many objects agree") {
  const std::function<int(int)> shifted = [](int n) { return 4 * n + 1; }, from_minus_one = [](int n) { return n - 1; };
  for (const auto& written : {shifted, from_minus_one}) {
    for (const std::string name : {"m_refCount", "bits"}) {
      Fixture heap;
      CHECK(vote_on_written(heap, name, written) == CountedPointers{{{"Ref", 8}}, {}});
      REQUIRE(heap.counted.objects.size() == 9);
      int32_t owners = 0;
      for (const CountedObject& object : heap.counted.objects) {
        owners += object.strong;
        CHECK(object.count_is_doubtful);
      }
      CHECK(owners == 18);
    }
    Fixture few, weak;
    CHECK(vote_on_written(few, "m_refCount", written, 6).empty());
    CHECK(vote_on_written(weak, "weakCount", written).empty());
  }
  Fixture neither;
  CHECK(vote_on_written(neither, "m_refCount", [](int n) { return n * n + 1; }).empty());
}

TEST_CASE("a count is read as it is where that fits smart pointers") {
  Fixture heap;
  const Type* node = heap.node("refs_");
  const Type *ref = heap.types.smart_pointer("Ref", node), *watch = heap.types.smart_pointer("Watch", node);
  for (int i = 0; i < 12; ++i) {
    const uint32_t owners = 1 + i % 3;
    const uint64_t object = heap.object(7, 2 * owners);
    heap.point(ref, object, static_cast<int>(2 * owners));
    heap.point(watch, object, static_cast<int>(owners));
  }
  CHECK(heap.vote() == CountedPointers{{{"Ref", 8}}, {}});
  for (const CountedObject& object : heap.counted.objects) CHECK(object.strong % 2 == 0);
}

TEST_CASE("an object may point to its count") {
  for (const std::string shape : {"integer", "class", "one for all", "something else"}) {
    Fixture heap;
    const Type* integer = heap.types.integer("int", 4);
    const Type* base = heap.types.structure("Base", 8, {});
    const Type* refs = heap.types.structure(
        "Refs", 16, {{"mStrong", 0, integer}, {"mWeak", 4, integer}, {"mBase", 8, heap.types.pointer(base)}});
    const Type* pointer = heap.types.pointer(shape == "class" ? refs : integer);
    const Type* node = heap.types.structure(
        "Node", 24, {{"weight", 0, integer}, {shape == "something else" ? "last" : "counter", 16, pointer}});
    const Type* ref = heap.types.smart_pointer("Ref", node);
    const uint64_t only = heap.memory.block(24);
    for (int i = 0; i < 9; ++i) {
      const int owners = 1 + i % 3;
      const uint64_t count = shape == "one for all" ? only : heap.memory.block(24), object = heap.object(7, 0);
      heap.memory.set(count, static_cast<uint32_t>(owners));
      heap.memory.set(object + 16, count);
      heap.point(ref, object, owners);
    }
    const CountedPointers found = heap.vote();
    const bool counts = shape == "integer";
    INFO(shape);
    if (shape == "class") {  // a pointer back to another class than the object's: it may own
      CHECK(found.empty());
      continue;
    }
    CHECK(found == (counts ? CountedPointers{{{"Ref", kWhereObjectHasIt}}, {}} : CountedPointers{}));
    CHECK(heap.counted.objects.size() == (counts ? 9 : 0));
  }
}
