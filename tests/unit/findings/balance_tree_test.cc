#include "analyzer/findings/balance_tree.h"

#include <catch2/catch.hpp>

using namespace reftally;
using Steps = std::vector<std::string>;

namespace {

// A reference of one object, which has `number`.
SteppedBalance stack(Steps steps, int64_t balance, uint64_t number = 1) {
  return {std::move(steps), balance, static_cast<uint64_t>(balance) * number};
}

HeapBuilder::Object message(int64_t strong_count, int64_t event_balance) {
  HeapBuilder::Object object;
  object.size = 64;
  object.flavour = FlavourId::kSharedPtr;
  object.strong_count = strong_count;
  object.birth_stack = StackId{1};
  object.event_balance = event_balance;
  return object;
}

}  // namespace

TEST_CASE("a path of one child is one node, and a sum stands where paths part") {
  const BalanceNode top = balance_tree({stack({"main", "run", "keep"}, 2), stack({"main", "run", "send", "copy"}, 3)});
  REQUIRE(top.children.size() == 1);
  const BalanceNode& run = top.children[0];
  CHECK(run.steps == Steps{"main", "run"});
  CHECK(run.balance == 5);
  REQUIRE(run.children.size() == 2);
  CHECK(run.children[0].steps == Steps{"send", "copy"});
  CHECK(run.children[0].balance == 3);
  CHECK(run.children[0].depth == 2);
  CHECK(run.children[1].steps == Steps{"keep"});
}

TEST_CASE("a part that gave back what it took is one node without children, after what left something behind") {
  const BalanceNode top = balance_tree({stack({"main", "borrow", "for", "give"}, -1),
                                        stack({"main", "borrow", "for", "take"}, 1), stack({"main", "keep"}, 1)});
  REQUIRE(top.children.size() == 1);
  const BalanceNode& main = top.children[0];
  REQUIRE(main.children.size() == 2);
  CHECK(main.children[0].steps == Steps{"keep"});
  CHECK(main.children[1].steps == Steps{"borrow", "for"});
  CHECK(main.children[1].is_balanced());
  CHECK(main.children[1].stacks == 2);
  CHECK(main.children[1].children.empty());
}

TEST_CASE("a reference lost of one object is not balanced by one given too often of another") {
  const BalanceNode top = balance_tree({stack({"main", "give"}, -1, 5), stack({"main", "take"}, 1, 7)});
  REQUIRE(top.children.size() == 1);
  CHECK(top.children[0].balance == 0);
  CHECK_FALSE(top.children[0].is_balanced());
  CHECK(top.children[0].children.size() == 2);
}

TEST_CASE("a stack that ends where others go on has a sum of its own") {
  const BalanceNode top = balance_tree({stack({"main"}, 1), stack({"main", "keep"}, 2), stack({}, 4)});
  REQUIRE(top.children.size() == 2);
  CHECK(top.children[0].steps == Steps{"an unknown call"});
  const BalanceNode& main = top.children[1];
  CHECK(main.steps == Steps{"main"});
  CHECK(main.ends_stack);
  CHECK(main.own == 1);
  CHECK(main.balance == 3);
  REQUIRE(main.children.size() == 1);
}

TEST_CASE("no stacks are a tree without children") {
  const BalanceNode top = balance_tree({});
  CHECK(top.is_balanced());
  CHECK(top.children.empty());
}

TEST_CASE("the balances of an object add up to its strong count: lost, held by roots, and born with") {
  HeapBuilder builder;
  builder.set_events(false);
  const ObjectId object = builder.add_object(message(2, 1)), other = builder.add_object(message(1, 0));
  builder.add_tally({object, StackId{7}, 1});
  builder.add_tally({object, StackId{8}, -1});
  builder.add_root(
      {object, RootKind::kStatic, ReferenceKind::kStrong, Certainty::kExact, builder.intern("g_kept"), StackId{9}});
  builder.add_root(
      {other, RootKind::kStatic, ReferenceKind::kStrong, Certainty::kExact, builder.intern("g_other"), StackId{}});
  const Heap heap = std::move(builder).build();
  const std::vector<StackBalance> rows = StackBalances(heap, EventAudit(heap), {object}).of(std::vector{object});
  REQUIRE(rows.size() == 4);
  const std::vector<std::pair<uint32_t, int64_t>> wanted = {{1, 1}, {7, 1}, {8, -1}, {9, 1}};
  for (size_t i = 0; i < rows.size(); i++) {
    CHECK(index(rows[i].stack) == wanted[i].first);
    CHECK(rows[i].balance == wanted[i].second);
  }
}
