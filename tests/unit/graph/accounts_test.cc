#include <catch2/catch.hpp>

#include "analyzer/graph/reference_graph.h"

using namespace reftally;

namespace {

ObjectId counted(HeapBuilder& heap, uint64_t address, int64_t strong, int64_t weak) {
  HeapBuilder::Object object;
  object.address = address;
  object.flavour = FlavourId::kSharedPtr;
  object.strong_count = strong;
  object.weak_count = weak;
  return heap.add_object(object);
}

void refer(HeapBuilder& heap, ObjectId from, ObjectId to, ReferenceKind kind, Certainty certainty) {
  heap.add_reference({from, to, LabelId{}, kind, certainty});
}

}  // namespace

TEST_CASE("a unit that one of two ambiguous references must take makes no opaque holder") {
  HeapBuilder builder;
  const ObjectId first = counted(builder, 0x1000, 1, 1), second = counted(builder, 0x2000, 1, 0);
  refer(builder, first, first, ReferenceKind::kAmbiguous, Certainty::kConservative);
  refer(builder, second, first, ReferenceKind::kAmbiguous, Certainty::kConservative);
  refer(builder, first, second, ReferenceKind::kStrong, Certainty::kCounted);
  builder.add_root({first, RootKind::kStack, ReferenceKind::kRaw, Certainty::kConservative, StringId{}});
  const Heap heap = std::move(builder).build();
  const Accounts accounts = close_accounts(heap);
  CHECK(accounts.remainder[0] == 1);
  CHECK(accounts.opaque[0] == 0);
  const Reachability reached = find_reachable(heap, accounts);
  CHECK(reached.conservative[1]);
  CHECK_FALSE(reached.ownership[0]);
}

TEST_CASE("an ambiguous reference that may be weak leaves room for an opaque holder") {
  HeapBuilder builder;
  const ObjectId first = counted(builder, 0x1000, 1, 1), second = counted(builder, 0x2000, 1, 0);
  refer(builder, second, first, ReferenceKind::kAmbiguous, Certainty::kConservative);
  builder.add_root({first, RootKind::kStack, ReferenceKind::kRaw, Certainty::kConservative, StringId{}});
  const Heap heap = std::move(builder).build();
  const Accounts accounts = close_accounts(heap);
  CHECK(accounts.opaque[0] == 1);
  CHECK(find_reachable(heap, accounts).ownership[0]);
}
