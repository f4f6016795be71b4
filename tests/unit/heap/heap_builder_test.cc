#include <catch2/catch.hpp>

#include "analyzer/heap/heap.h"

using namespace reftally;

TEST_CASE("references of a referrer keep the order in which they were added") {
  HeapBuilder builder;
  const ObjectId a = builder.add_object({.address = 16, .size = 8});
  const ObjectId b = builder.add_object({.address = 32, .size = 8});
  builder.add_reference({.from = b, .to = a, .element = 0});
  builder.add_reference({.from = a, .to = b, .element = 1});
  builder.add_reference({.from = b, .to = b, .element = 2});
  const Heap heap = std::move(builder).build();
  CHECK(heap.references.offsets == std::vector<uint64_t>{0, 1, 3});
  CHECK(heap.element == std::vector<uint32_t>{1, 0, 2});
  CHECK(heap.referent == std::vector<ObjectId>{b, a, b});
}

TEST_CASE("roots are sorted by what they refer to") {
  HeapBuilder builder;
  const ObjectId a = builder.add_object({}), b = builder.add_object({});
  for (const ObjectId to : {b, a, b}) builder.add_root({to, RootKind::kStatic, ReferenceKind::kStrong, {}, {}});
  const Heap heap = std::move(builder).build();
  CHECK(heap.roots[0].to == a);
  CHECK(heap.roots[1].to == b);
}

TEST_CASE("types and labels are interned, row 0 is unknown") {
  HeapBuilder builder;
  CHECK(builder.add_type("") == TypeId{0});
  const TypeId session = builder.add_type("Session", "a.h:1");
  CHECK(builder.add_type("Session", "a.h:1", dump::kTypeHasFinalizer) == session);
  CHECK(builder.add_type("Session", "b.h:1") != session);
  CHECK(builder.add_label("", "") == LabelId{0});
  CHECK(builder.add_label("A", "b") == builder.add_label("A", "b"));
  CHECK(builder.add_label("A", "b") != builder.add_label("", "A::b"));
  const Heap heap = std::move(builder).build();
  CHECK(heap.types[index(session)].flags == dump::kTypeHasFinalizer);
}

TEST_CASE("references that come as columns keep their place among those that come one by one") {
  HeapBuilder builder;
  const ObjectId a = builder.add_object({}), b = builder.add_object({});
  builder.set_events(false);
  builder.add_reference({b, a, LabelId{}, ReferenceKind::kStrong, Certainty::kExact, 1});
  HeapBuilder::References some;
  some.rows.push_back(HeapBuilder::ReferenceRow{b, b, 2, LabelId{}, ReferenceKind::kWeak, Certainty::kExact});
  some.rows.push_back(HeapBuilder::ReferenceRow{a, b, 3, LabelId{}, ReferenceKind::kRaw, Certainty::kConservative});
  some.acquired.push_back(StackId{7});
  some.acquired.push_back(StackId{8});
  builder.add_references(std::move(some));
  builder.add_reference({b, a, LabelId{}, ReferenceKind::kStrong, Certainty::kExact, 4, StackId{9}});
  const Heap heap = std::move(builder).build();
  CHECK(heap.references.offsets == std::vector<uint64_t>{0, 1, 4});
  CHECK(heap.element == std::vector<uint32_t>{3, 1, 2, 4});
  CHECK(heap.referent == std::vector<ObjectId>{b, a, b, a});
  CHECK(heap.acquired == std::vector<StackId>{StackId{8}, StackId{}, StackId{7}, StackId{9}});
}

TEST_CASE("a reference to an object that does not exist is refused") {
  HeapBuilder builder;
  const ObjectId a = builder.add_object({});
  builder.add_reference({.from = a, .to = ObjectId{7}});
  CHECK_THROWS_WITH(std::move(builder).build(), Catch::Contains("references between known objects"));
}
